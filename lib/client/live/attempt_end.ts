import type { Ending } from "./stream_observer.ts";

/** How an attempt to read a server ended, as far as the next attempt depends on it. */
export interface AttemptEnd {
  readonly error: Error;
  /** It came to nothing: refused, or over before it brought anything new, or what it brought was no stream. */
  readonly failed: boolean;
  /** How long the connection stood, milliseconds. */
  readonly stoodMs: number;
  /** It stood for so long that its end says nothing about the next one. */
  readonly steady: boolean;
  /** The server said no, so it is asked again later than one that just went away. */
  readonly refused: boolean;
  /** The server asked to be left alone for so long, milliseconds. */
  readonly retryAfterMs: number;
}

/** A connection that stood as long as the longest usual wait is no hot loop when it drops. */
const STEADY_MS = 30_000;

/**
 * Codes of RFC 6455 and its registry with which a server asks for fewer connections: a violated policy,
 * a restart, an overload.
 */
const REFUSING_CODES: ReadonlySet<number> = new Set([1008, 1012, 1013]);

/** An attempt that never became a connection. */
export function notConnected(error: Error, refused = false, retryAfterMs = 0): AttemptEnd {
  return { error, failed: true, stoodMs: 0, steady: false, refused, retryAfterMs };
}

/**
 * The end of a connection; null when it was ended on purpose, and the next may follow at once.
 *
 * @param useful whether it brought something new
 */
export function connectionEnd(ending: Ending, stoodMs: number, useful: boolean): AttemptEnd | null {
  const error = errorOf(ending);
  if (error === null) return null;
  const lame = ending.kind === "quiet" || ending.kind === "undecodable";
  const steady = stoodMs >= STEADY_MS && ending.kind !== "idle" && !lame;
  const refused = ending.kind === "closed" && REFUSING_CODES.has(ending.code);
  const failed = lame || (!useful && !steady);
  return { error, failed, stoodMs, steady, refused, retryAfterMs: 0 };
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
