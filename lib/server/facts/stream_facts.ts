/** What the process knows about the stream: its connection, how it is read, and a replay of the archive. */

import type { ReplayProgress } from "../../client/archive/replay_observer.ts";
import type { Endpoint } from "../../client/endpoint.ts";
import type { Ending, NoticeCode } from "../../client/live/stream_observer.ts";

/** Where events come from: a name without credentials, and the protocol. */
export type Source = Pick<Endpoint, "source" | "protocol">;

/** An open connection was closed because it brought no event, or only undecodable ones. */
export type StreamFault = Extract<NoticeCode, "quiet_stream" | "undecodable_stream">;

/** How a connection ended. */
export interface StreamEnding {
  readonly kind: Ending["kind"];
  /** The server's close code. */
  readonly code: number | null;
  /** The server's text, or the error. Printable, and without secrets. */
  readonly reason: string;
}

export interface ConnectionFacts {
  /** The current source, or the last one. */
  source: Source | null;
  /** By the wall clock; null while there is no connection. */
  sinceMs: number | null;
  failuresInARow: number;
  /** Why the stream is open but delivers nothing; null once a connection delivers something new. */
  fault: StreamFault | null;
  /** How the last connection ended; null while there was none. */
  lastEnding: (StreamEnding & { readonly atMs: number }) | null;
  /** Why the last attempt failed; null while none did. */
  lastFailure: ConnectionFailure | null;
}

export interface ConnectionFailure {
  readonly source: string;
  readonly why: string;
  readonly atMs: number;
  /** When the next attempt follows. */
  readonly nextMs: number;
}

/** The inputs of the reading lag. Times are Unix milliseconds by the wall clock. */
export interface ReadingFacts {
  /** Since when the current connection is read; null while it is not (no connection, or a pause). */
  sinceMs: number | null;
  /** When reading last ended; the start of the process when it never began. */
  interruptedAtMs: number;
  lastReceivedAtMs: number | null;
  /** When the last message with a time arrived. */
  lastTimedAtMs: number | null;
  /** The newest event time received; before the first, that of the stored cursor. */
  newestTimeMs: number | null;
  /** How far all events are ahead of our clock at least, milliseconds; null when they aren't. */
  clockAheadMs: number | null;
}

export interface ArchiveFacts {
  /** The progress of a replay. Null: there is none, or it has not reported yet. */
  progress: ReplayProgress | null;
  /** When it last reported, or began, by the monotonic clock. */
  progressAt: number;
  /** The archive that is replayed; null: there is no replay. */
  source: string | null;
  /** Failed requests in a row. */
  failuresInARow: number;
  /** Why the last of them failed. */
  failure: string | null;
}

export function connectionAtStart(): ConnectionFacts {
  return {
    source: null,
    sinceMs: null,
    failuresInARow: 0,
    fault: null,
    lastEnding: null,
    lastFailure: null,
  };
}

export function readingAtStart(nowMs: number): ReadingFacts {
  return {
    sinceMs: null,
    interruptedAtMs: nowMs,
    lastReceivedAtMs: null,
    lastTimedAtMs: null,
    newestTimeMs: null,
    clockAheadMs: null,
  };
}

export function archiveAtStart(monotonic: number): ArchiveFacts {
  return { progress: null, progressAt: monotonic, source: null, failuresInARow: 0, failure: null };
}
