import type { Clock } from "../clock.ts";
import type { FetchDictionary } from "./compression.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Message, MessageResult, Skipping } from "./message_result.ts";
import type { Observer } from "./stream_observer.ts";
import type { Flow } from "../pause.ts";
import type { ReconnectSettings } from "./reconnecting.ts";
import type { ResumePoint } from "./resume_point.ts";
import type { Filter } from "../subscription.ts";

/** The inputs and callbacks of the client. */
export interface FollowOptions {
  /** In order of preference; at least one. */
  readonly endpoints: readonly Endpoint[];
  readonly filter: Filter;
  /** Request zstd frames from servers that have them. */
  readonly compress: boolean;
  /** For v2 with compression; without it v2 is read plain. */
  readonly fetchDictionary?: FetchDictionary | null;
  /** The position to resume from; called before every connection. Null while nothing is committed. */
  readonly resumePoint: () => ResumePoint | null;
  /** The first cursor while `resumePoint` has none, sent as it is; null for the live tip. */
  readonly startCursor?: string | null;
  /**
   * Handles a message synchronously and returns its position. The client sees progress only this way, so this
   * should return a position for every message that has one, foreign ones included.
   *
   * It also returns the server's notices about the stream, by their code: the `error` of an error frame
   * (`ConsumerTooSlow`, `FutureCursor`, …), the `name` of an info message (`OutdatedCursor`), and
   * `UnknownZstdDictionary` when the decoder lacks a frame's dictionary.
   */
  readonly receive: (message: Message, endpoint: Endpoint) => MessageResult;
  /** As `receive`, without handling the message: detects a wrong beginning before anything is handled. */
  readonly peek?: ((message: Message, endpoint: Endpoint) => MessageResult) | null;
  /** Foreign messages that can be skipped without `receive`. */
  readonly skipping?: Skipping | null;
  readonly flow: Flow;
  readonly reconnect: ReconnectSettings;
  readonly idleTimeoutMs: number;
  /**
   * How long a connection for all accounts may bring no new event before it is closed, milliseconds. 0, the
   * default: no limit.
   */
  readonly quietMs?: number;
  readonly observer?: Observer;
  /** Certificates (PEM) trusted in addition to those of the system. */
  readonly caCerts?: readonly string[];
  readonly clock?: Clock;
  /** A number in [0, 1). */
  readonly random?: () => number;
  readonly signal: AbortSignal;
}
