import { deferralMs } from "./deferral.ts";
import { ArchiveRefusedError } from "./failure.ts";
import { HttpError } from "./http.ts";

/** What follows from a request that failed. */
export type Verdict =
  /** It may pass, and not sooner than the server says. */
  | { readonly kind: "retry"; readonly atLeastMs: number }
  /** The server is well and wants fewer requests: not a failure, however often it says so. */
  | { readonly kind: "defer"; readonly ms: number | null }
  /** It is for whoever asked, or for nobody. */
  | { readonly kind: "final"; readonly error: Error };

/**
 * Judges a failed request. A server of the archive names its errors, and a named one of the 400s
 * means what it says. What has no name comes from something in between, and that may pass: a
 * proxy's 404 during a deployment looks like any other. A missing file or a range that doesn't fit says
 * that the plan is old, which the one who has the plan must know.
 *
 * @param nowMs the wall clock, Unix milliseconds
 */
export function verdictOn(error: unknown, nowMs: number): Verdict {
  if (!(error instanceof HttpError)) return { kind: "retry", atLeastMs: 0 };
  const { status, headers, code, message } = error;
  if (status === 429) return { kind: "defer", ms: deferralMs(headers, nowMs) };
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
  const named = code !== null && ((status >= 400 && status < 500) || status === 501);
  if (named && status !== 408 && status !== 425) {
    return { kind: "final", error: new ArchiveRefusedError(message) };
  }
  return { kind: "retry", atLeastMs: deferralMs(headers, nowMs) ?? 0 };
}
