import { retryAfterMs } from "../retry_after.ts";
import { ArchiveMissingError, ArchiveRefusedError } from "./archive_error.ts";
import { HttpError } from "./http_request.ts";

/** How to react to a failed request. */
export type NextStep =
  /** Temporary; not retried before the server allows it. */
  | { readonly kind: "retry"; readonly atLeastMs: number; readonly error: Error }
  /** The server is healthy and wants fewer requests: not a failure, however often it happens. */
  | { readonly kind: "defer"; readonly ms: number | null }
  /** Permanent: thrown to the caller. */
  | { readonly kind: "final"; readonly error: Error };

/** Statuses with which servers and proxies say that they have no archive, with or without an error name. */
const NO_SUCH_METHOD: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Classifies a failed request. An archive server names its errors, and a named 4xx is final. An error without
 * a name comes from a proxy and is temporary. A missing file or an invalid range means that the plan is
 * outdated, which the caller handles.
 *
 * A server without an archive can't be distinguished from a proxy that is being deployed. Both are retried:
 * continuing without the archive would lose the events that only the archive has.
 *
 * @param nowMs the wall clock, Unix milliseconds
 */
export function nextStepAfter(error: unknown, nowMs: number): NextStep {
  if (!(error instanceof HttpError)) {
    const cause = error instanceof Error ? error : new Error(String(error));
    return { kind: "retry", atLeastMs: 0, error: cause };
  }
  const { status, headers, code, message } = error;
  if (status === 429) return { kind: "defer", ms: retryAfterMs(headers, nowMs) };
  if (status === 401 || status === 403) {
    return {
      kind: "final",
      error: new ArchiveRefusedError(`${message}; expected JETSTREAM_API_KEY to be a key for it`),
    };
  }
  if (status === 412 || status === 416 || (status < 300 && status !== 206)) {
    return { kind: "final", error };
  }
  if (code === "SegmentNotFound" || code === "BlockNotFound") return { kind: "final", error };
  const atLeastMs = retryAfterMs(headers, nowMs) ?? 0;
  if (NO_SUCH_METHOD.has(status)) {
    return { kind: "retry", atLeastMs, error: new ArchiveMissingError(message) };
  }
  const named = code !== null && status >= 400 && status < 500;
  if (named && status !== 408 && status !== 425) {
    return { kind: "final", error: new ArchiveRefusedError(message) };
  }
  return { kind: "retry", atLeastMs, error };
}
