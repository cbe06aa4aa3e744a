import type { Ending } from "./observer.ts";

/** An attempt that must not be followed by the next at once. */
export interface Setback {
  readonly error: Error;
  /** Whether it came to nothing: a connection that brought something may drop. */
  readonly failed: boolean;
  /** The server asked for so much rest, milliseconds. */
  readonly leastWaitMs: number;
}

/** An attempt that came to nothing. */
export function failure(error: Error, leastWaitMs = 0): Setback {
  return { error, failed: true, leastWaitMs };
}

/** The end of a connection as an error; null when it was ended on purpose, and is not to wait. */
export function endingError(ending: Ending): Error | null {
  switch (ending.kind) {
    case "closed":
      return new Error(`the server closed the connection with code ${ending.code}`);
    case "broken":
      return ending.error;
    case "idle":
      return new Error("the server was silent for too long");
    case "paused":
    case "left":
    case "aborted":
      return null;
  }
}
