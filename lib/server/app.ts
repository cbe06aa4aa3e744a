/** The paths and their answers: a function from request to response, without a socket. */

import { type Context, Hono } from "hono";
import type { Logger } from "../log/logger.ts";
import type { Secret } from "../secret.ts";
import { authenticate, FORBIDDEN } from "./http/auth.ts";
import { addDeadLetterRoutes } from "./dead_letters/routes.ts";
import type { DeadLetters } from "../repository/dead_letters/dead_letter_store.ts";
import type { RetryDeadLetters } from "./dead_letters/retry.ts";
import { isStandby } from "./facts/derived.ts";
import { type Answer, healthOf, readinessOf } from "./facts/health.ts";
import { errorAnswer, HttpError } from "./http/http_error.ts";
import { limitLoad, REQUEST_LIMITS, type RequestLimits } from "./http/request_limits.ts";
import { pagePolicy, securityHeaders } from "./http/security_headers.ts";
import { composeStatus } from "./status/compose_status.ts";
import type { ProcessFacts } from "./status/status.ts";
import type { StatusCache } from "./status/status_cache.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

export interface AppOptions {
  readonly telemetry: Telemetry;
  readonly statusCache: StatusCache;
  readonly deadLetters: DeadLetters;
  readonly retry: RetryDeadLetters;
  readonly facts: Omit<ProcessFacts, "admin">;
  readonly token: Secret | null;
  /** Host names that are allowed without a token, in addition to IP addresses and localhost. */
  readonly hosts: readonly string[];
  /** HTML of the status page. It holds no data: it reads `/api/status`. */
  readonly page: string;
  readonly logger: Logger;
  readonly limits?: RequestLimits;
}

/** For the answer to any other method. */
const METHODS_OF: readonly (readonly [path: string, methods: string])[] = [
  ["/", "GET, HEAD"],
  ["/health", "GET, HEAD"],
  ["/ready", "GET, HEAD"],
  ["/metrics", "GET, HEAD"],
  ["/internal/indexer/metrics", "GET, HEAD"],
  ["/api/status", "GET, HEAD"],
  ["/api/dead-letters", "GET, HEAD"],
  ["/api/dead-letters/retry", "POST"],
  ["/api/dead-letters/:id", "GET, HEAD"],
  ["/api/dead-letters/:id/retry", "POST"],
  ["/api/dead-letters/:id/discard", "POST"],
];

/** Makes the application. Its `fetch` answers a request. */
export function createApp(options: AppOptions): Hono {
  const { telemetry, statusCache, logger, page, token, limits = REQUEST_LIMITS } = options;
  const { metrics } = telemetry;
  const facts: ProcessFacts = { ...options.facts, admin: token !== null };
  const policy = pagePolicy(page);
  const app = new Hono();

  function pageAnswer(context: Context, status: 200 | 403): Response {
    return context.html(page, status, { "content-security-policy": policy });
  }

  function healthAnswer(context: Context, yes: string, no: string, answer: Answer): Response {
    const { ok, reasons } = answer;
    if (ok) return context.json({ status: yes, standby: isStandby(telemetry.facts) });
    const message = reasons.map((reason) => reason.message).join("; ");
    return context.json({ error: no, message, status: no, reasons }, 503);
  }

  app.use(securityHeaders());
  app.use(authenticate(token, options.hosts));

  // Before the load limit: it must be answered even under load.
  app.get(
    "/health",
    (context) => healthAnswer(context, "healthy", "unhealthy", healthOf(telemetry.condition)),
  );

  app.use(limitLoad(limits));

  app.get("/ready", async function ready(context): Promise<Response> {
    // Queries the database; otherwise a quiet stream would never notice an outage.
    await statusCache.get();
    return healthAnswer(context, "ready", "not_ready", readinessOf(telemetry.condition));
  });

  app.get("/", (context) => pageAnswer(context, 200));

  for (const path of ["/metrics", "/internal/indexer/metrics"]) {
    app.get(path, async function scrape(context): Promise<Response> {
      await statusCache.get();
      return context.body(await metrics.text(), 200, { "content-type": metrics.contentType });
    });
  }

  app.get("/api/status", async function status(context): Promise<Response> {
    return context.json(composeStatus(telemetry, facts, await statusCache.get()));
  });

  addDeadLetterRoutes(app, { deadLetters: options.deadLetters, retry: options.retry, logger });

  for (const [path, allow] of METHODS_OF) {
    app.all(path, () => {
      throw new HttpError(405, "method_not_allowed", `allowed here: ${allow}`, { allow });
    });
  }

  app.notFound(() =>
    errorAnswer(new HttpError(404, "not_found", "there is nothing at this address"))
  );

  app.onError((error, context) => {
    if (error === FORBIDDEN && context.req.path === "/" && wantsPage(context)) {
      // A browser can't send the token by itself: the page, which holds no data, asks for it.
      return pageAnswer(context, 403);
    }
    if (error instanceof HttpError) return errorAnswer(error);
    logger.error("cannot answer a request", { path: context.req.routePath, error });
    return errorAnswer(UNEXPECTED);
  });

  return app;
}

const UNEXPECTED = new HttpError(
  500,
  "internal_error",
  "the request can't be answered now; the log says why",
);

function wantsPage({ req }: Context): boolean {
  return /^(GET|HEAD)$/.test(req.method) && /\btext\/html\b/.test(req.header("accept") ?? "");
}
