import type { Ending } from "./stream_observer.ts";

/** How an attempt to read a server ended, as far as the next attempt depends on it. */
export interface AttemptEnd {
  readonly error: Error;
  /** The attempt failed: refused, closed before it brought anything new, or not a valid stream. */
  readonly failed: boolean;
  /** How long the connection was open, milliseconds. */
  readonly openMs: number;
  /** Open for so long that its end says nothing about the next attempt. */
  readonly steady: boolean;
  /** The server refused, so the next attempt comes later than after a lost connection. */
  readonly refused: boolean;
  /** How long the server asked not to be retried, milliseconds. */
  readonly retryAfterMs: number;
}

/** As long as the longest usual wait: reconnecting after such a connection can't become a tight loop. */
const STEADY_MS = 30_000;

/**
 * Close codes (RFC 6455 and its registry) with which a server asks for fewer connections: a violated policy,
 * a restart, an overload.
 */
const REFUSING_CODES: ReadonlySet<number> = new Set([1008, 1012, 1013]);

/** An attempt without a connection. */
export function notConnected(error: Error, refused = false, retryAfterMs = 0): AttemptEnd {
  return { error, failed: true, openMs: 0, steady: false, refused, retryAfterMs };
}

/**
 * The result of a connection; null when it was closed on purpose and the next may follow at once.
 *
 * @param useful whether it brought something new
 */
export function connectionEnd(ending: Ending, openMs: number, useful: boolean): AttemptEnd | null {
  const error = errorOf(ending);
  if (error === null) return null;
  const isFaulty = ending.kind === "quiet" || ending.kind === "undecodable";
  const steady = openMs >= STEADY_MS && ending.kind !== "idle" && !isFaulty;
  const refused = ending.kind === "closed" && REFUSING_CODES.has(ending.code);
  const failed = isFaulty || (!useful && !steady);
  return { error, failed, openMs, steady, refused, retryAfterMs: 0 };
}

function errorOf(ending: Ending): Error | null {
  switch (ending.kind) {
    case "closed":
      return new Error(
        `the server closed the connection with code ${ending.code}` +
          (ending.reason === "" ? "" : `: ${ending.reason}`),
      );
    case "broken":
      return ending.error;
    case "idle":
      return new Error("the server was silent for too long");
    case "quiet":
      return new Error(`the connection brought no new event for ${ending.forMs / 1000} s`);
    case "undecodable":
      return new Error(`${ending.count} messages in a row could not be decoded`);
    case "paused":
    case "left":
    case "aborted":
      return null;
  }
}
