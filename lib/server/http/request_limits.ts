/** Limits the number of concurrent requests, and their duration. */

import type { MiddlewareHandler } from "hono";
import { HttpError } from "./http_error.ts";

export interface RequestLimits {
  readonly timeoutMs: number;
  /** Requests that are being answered at one time. */
  readonly maxConcurrent: number;
}

export const REQUEST_LIMITS: RequestLimits = { timeoutMs: 10_000, maxConcurrent: 32 };

/**
 * Refuses requests while too many are being answered, and answers in time whatever the handler does. The
 * handler may continue.
 */
export function limitLoad(limits: RequestLimits): MiddlewareHandler {
  let answering = 0;
  return async function loaded(_context, next): Promise<void> {
    if (answering >= limits.maxConcurrent) {
      throw new HttpError(503, "busy", "too many requests at one time", { "retry-after": "1" });
    }
    answering++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const late = new HttpError(
        503,
        "timeout",
        "no answer in time; the operation may still complete",
      );
      timer = setTimeout(() => reject(late), limits.timeoutMs);
    });
    const answered = next().finally(() => answering--);
    try {
      await Promise.race([answered, timeout]);
    } finally {
      clearTimeout(timer);
    }
  };
}
