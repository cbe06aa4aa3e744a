import { retryAfterMs } from "../retry_after.ts";
import { ArchiveMissingError, ArchiveRefusedError } from "./archive_error.ts";
import { HttpError } from "./http_request.ts";

/** What follows from a request that failed. */
export type NextStep =
  /** It may pass, and not sooner than the server says. */
  | { readonly kind: "retry"; readonly atLeastMs: number; readonly error: Error }
  /** The server is well and wants fewer requests: not a failure, however often it says so. */
  | { readonly kind: "defer"; readonly ms: number | null }
  /** It is for whoever asked, or for nobody. */
  | { readonly kind: "final"; readonly error: Error };

/** How servers and proxies say that they have no archive at all, with a name or without. */
const NO_SUCH_METHOD: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Judges a failed request. A server of the archive names its errors, and a named one of the 400s
 * means what it says. What has no name comes from something in between, and that may pass. A missing
 * file or a range that doesn't fit says that the plan is old, which the one who has the plan must know.
 *
 * A server without an archive can't be told from a proxy in the middle of a deployment. Both are waited for:
 * to go on without the archive would be to lose what only that has.
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
