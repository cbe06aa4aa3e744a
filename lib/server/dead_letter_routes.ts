/** `/api/dead-letters…`: what operators do with dead letters, for the page and for scripts. */

import type { Context, Hono } from "hono";
import { z } from "zod";
import type { Logger } from "../log/logger.ts";
import { REASONS } from "../reason.ts";
import type { DeadLetter, DeadLetters, RetrySelection } from "./dead_letters.ts";
import { HttpError } from "./http_error.ts";

const MAX_LIMIT = 200;

/** `bigint` in Postgres; beyond 2^53 none can have been made. */
const id = z.string().regex(/^[1-9]\d{0,15}$/).transform(Number).pipe(z.int());

const listQuery = z.object({
  state: z.enum(["open", "resolved"]).default("open"),
  reason: z.enum(REASONS).optional(),
  limit: z.string().regex(/^\d{1,3}$/).transform(Number).pipe(z.int().min(1).max(MAX_LIMIT))
    .prefault("50"),
  before: id.optional(),
});

const EXPECTED: Readonly<Record<string, string>> = {
  state: "open or resolved",
  reason: "a reason code",
  limit: `a whole number from 1 to ${MAX_LIMIT}`,
  before: "the id of a dead letter",
};

const retryBody = z.strictObject({ reason: z.enum(REASONS).optional() });

export interface DeadLetterRouteOptions {
  readonly deadLetters: DeadLetters;
  readonly logger: Logger;
}

/** Adds the routes. That they need the token is `authenticate`'s business. */
export function addDeadLetterRoutes(app: Hono, options: DeadLetterRouteOptions): void {
  const { deadLetters, logger } = options;

  app.get("/api/dead-letters", async function list(context): Promise<Response> {
    const query = listQuery.safeParse(context.req.query());
    if (!query.success) throw badParameter(query.error);
    const { state, reason, limit, before } = query.data;
    const letters = await deadLetters.list({
      state,
      limit,
      ...(reason === undefined ? {} : { reason }),
      ...(before === undefined ? {} : { before }),
    });
    return context.json({ deadLetters: letters, next: nextPage(letters, limit) });
  });

  app.post("/api/dead-letters/retry", async function retryMany(context): Promise<Response> {
    const selection = await selectionOf(context);
    const result = await deadLetters.retry(selection);
    logger.info("dead letters retried by an operator", { ...selection, ...result });
    return context.json(result);
  });

  app.get("/api/dead-letters/:id", async function show(context): Promise<Response> {
    const letter = await deadLetters.show(idOf(context));
    if (letter === null) throw noSuchLetter();
    return context.json(letter);
  });

  app.post("/api/dead-letters/:id/retry", async function retryOne(context): Promise<Response> {
    const letterId = idOf(context);
    const result = await deadLetters.retry({ id: letterId });
    logger.info("dead letter retried by an operator", { id: letterId, ...result });
    if (result.tried === 0) {
      throw new HttpError(409, "not_retriable", "there is no open dead letter that can be retried");
    }
    return context.json(result);
  });

  app.post("/api/dead-letters/:id/discard", async function discard(context): Promise<Response> {
    const letterId = idOf(context);
    if (!await deadLetters.discard(letterId)) throw noSuchLetter();
    logger.info("dead letter discarded by an operator", { id: letterId });
    return context.json({ discarded: true });
  });
}

function idOf(context: Context): number {
  const parsed = id.safeParse(context.req.param("id"));
  if (!parsed.success) throw noSuchLetter();
  return parsed.data;
}

async function selectionOf(context: Context): Promise<RetrySelection> {
  const text = await context.req.text();
  if (text === "") return {};
  const parsed = retryBody.safeParse(parseJson(text));
  if (!parsed.success) throw badBody();
  const { reason } = parsed.data;
  return reason === undefined ? {} : { reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badBody();
  }
}

function nextPage(letters: readonly DeadLetter[], limit: number): number | null {
  return letters.length < limit ? null : letters.at(-1)?.id ?? null;
}

function noSuchLetter(): HttpError {
  return new HttpError(404, "not_found", "there is no such dead letter");
}

function badBody(): HttpError {
  return new HttpError(400, "invalid_body", 'cannot use the body: expected {"reason":CODE} or {}');
}

/** Names the parameter and what it takes, from our own list: nothing of the request comes back. */
function badParameter(error: z.ZodError): HttpError {
  const name = String(error.issues[0]?.path[0] ?? "");
  const message = `cannot use ${name}: expected ${EXPECTED[name] ?? "something else"}`;
  return new HttpError(400, "invalid_parameter", message);
}
