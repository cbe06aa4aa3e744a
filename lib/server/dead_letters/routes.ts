/** `/api/dead-letters…`: the operations on dead letters, for the page and for scripts. */

import type { Context, Hono } from "hono";
import { z } from "zod";
import type { Logger } from "../../log/logger.ts";
import {
  type DeadLetterFilter,
  FilterError,
  readFilter,
  type WrittenFilter,
} from "../../repository/dead_letters/dead_letter_filter.ts";
import type { DeadLetters } from "../../repository/dead_letters/dead_letter_store.ts";
import type { DeadLetter } from "../../repository/dead_letters/dead_letters.ts";
import type { RetryDeadLetters, RetryResult } from "./retry.ts";
import { HttpError } from "../http/http_error.ts";

const MAX_LIMIT = 200;

/** `bigint` in Postgres; ids beyond 2^53 can't exist. */
const id = z.string().regex(/^[1-9]\d{0,15}$/).transform(Number).pipe(z.int());

const filterShape = {
  reason: z.string().optional(),
  collection: z.string().optional(),
  did: z.string().optional(),
  olderThan: z.string().optional(),
  newerThan: z.string().optional(),
};

const listQuery = z.object({
  ...filterShape,
  state: z.enum(["open", "resolved"]).default("open"),
  limit: z.string().regex(/^\d{1,3}$/).transform(Number).pipe(z.int().min(1).max(MAX_LIMIT))
    .prefault("50"),
  before: id.optional(),
});

const EXPECTED: Readonly<Record<string, string>> = {
  state: "open or resolved",
  limit: `a whole number from 1 to ${MAX_LIMIT}`,
  before: "the id of a dead letter",
};

const retryBody = z.strictObject(filterShape);
const discardBody = z.strictObject({ ...filterShape, count: z.int().nonnegative() });

export interface DeadLetterRouteOptions {
  readonly deadLetters: DeadLetters;
  readonly retry: RetryDeadLetters;
  readonly logger: Logger;
}

/** Adds the routes. `authenticate` requires the token for them. */
export function addDeadLetterRoutes(app: Hono, options: DeadLetterRouteOptions): void {
  const { deadLetters, retry, logger } = options;

  app.get("/api/dead-letters", async function list(context): Promise<Response> {
    const query = listQuery.safeParse(context.req.query());
    if (!query.success) throw badParameter(query.error);
    const { state, limit, before, ...written } = query.data;
    const filter = { ...filterOf(written), state };
    const found = await deadLetters.list({
      ...filter,
      limit,
      ...(before === undefined ? {} : { before }),
    });
    const total = await deadLetters.count(filter);
    return context.json({ deadLetters: found, next: nextPage(found, limit), total });
  });

  app.post("/api/dead-letters/retry", async function retryMany(context): Promise<Response> {
    const text = await context.req.text();
    const selection = text === "" ? {} : filterOf(bodyOf(text, retryBody));
    const result = await retry(selection);
    logger.info("dead letters retried by an operator", { ...selection, ...countsOf(result) });
    return context.json(result);
  });

  app.post("/api/dead-letters/discard", async function discardMany(context): Promise<Response> {
    const { count, ...written } = bodyOf(await context.req.text(), discardBody);
    const filter = filterOf(written);
    if (!await deadLetters.discardAll(filter, count)) {
      throw new HttpError(
        409,
        "count_differs",
        "cannot discard: count is not the number of open dead letters that the filter finds now",
      );
    }
    logger.info("dead letters discarded by an operator", { ...filter, count });
    return context.json({ discarded: count });
  });

  app.get("/api/dead-letters/:id", async function show(context): Promise<Response> {
    const letter = await deadLetters.show(idOf(context));
    if (letter === null) throw noSuchDeadLetter();
    return context.json(letter);
  });

  app.post("/api/dead-letters/:id/retry", async function retryOne(context): Promise<Response> {
    const deadLetterId = idOf(context);
    const result = await retry({ id: deadLetterId });
    logger.info("dead letter retried by an operator", { id: deadLetterId, ...countsOf(result) });
    if (result.tried === 0) {
      throw new HttpError(409, "not_retriable", "there is no open dead letter that can be retried");
    }
    return context.json(result);
  });

  app.post("/api/dead-letters/:id/discard", async function discard(context): Promise<Response> {
    const deadLetterId = idOf(context);
    if (!await deadLetters.discard(deadLetterId)) throw noSuchDeadLetter();
    logger.info("dead letter discarded by an operator", { id: deadLetterId });
    return context.json({ discarded: true });
  });
}

function idOf(context: Context): number {
  const parsed = id.safeParse(context.req.param("id"));
  if (!parsed.success) throw noSuchDeadLetter();
  return parsed.data;
}

/** Throws an error for the caller when a part of the filter is invalid. */
function filterOf(written: WrittenFilter): DeadLetterFilter {
  try {
    return readFilter(written, new Date());
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new HttpError(400, "invalid_parameter", error.message);
  }
}

function countsOf({ tried, resolved }: RetryResult): { tried: number; resolved: number } {
  return { tried, resolved };
}

function bodyOf<Body>(text: string, schema: z.ZodType<Body>): Body {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) throw badBody();
  return parsed.data;
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

function noSuchDeadLetter(): HttpError {
  return new HttpError(404, "not_found", "there is no such dead letter");
}

const BODY =
  "an object with reason, collection, did, olderThan, newerThan, all of them optional, " +
  "and to discard, the count of the letters that are meant";

function badBody(): HttpError {
  return new HttpError(400, "invalid_body", "cannot use the body: expected " + BODY);
}

/** Names the parameter and what it accepts, from our own list: nothing of the request is repeated. */
function badParameter(error: z.ZodError): HttpError {
  const name = String(error.issues[0]?.path[0] ?? "");
  const message = `cannot use ${name}: expected ${EXPECTED[name] ?? "something else"}`;
  return new HttpError(400, "invalid_parameter", message);
}
