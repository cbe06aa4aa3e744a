import type { Clock } from "../clock.ts";
import type { FetchDictionary } from "./compression.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Message, MessageResult, Skipping } from "./message_result.ts";
import type { Observer } from "./stream_observer.ts";
import type { Flow } from "../event_queue.ts";
import type { ReconnectSettings } from "./reconnecting.ts";
import type { ResumePoint } from "./resume_point.ts";
import type { Filter } from "../subscription.ts";

/** What the client is told, and whom it tells. */
export interface FollowOptions {
  /** In the order of preference; at least one. */
  readonly endpoints: readonly Endpoint[];
  readonly filter: Filter;
  /** Ask for zstd frames where the server has them. */
  readonly compress: boolean;
  /** For v2 with compression; without it v2 is read plain. */
  readonly fetchDictionary?: FetchDictionary | null;
  /** Where to go on; asked before every connection. Null as long as nothing is committed. */
  readonly resumePoint: () => ResumePoint | null;
  /** Cursor to begin at while `resumePoint` has none, sent as it is; null for the live tip. */
  readonly startCursor?: string | null;
  /**
   * Takes a message, at once and without waiting, and tells where it stands. The client has no
   * other way to see progress, so this should tell a position for every message that has one, foreign
   * ones included.
   *
   * It also tells what the server says about the stream itself, by its code: the `error` of an error frame
   * (`ConsumerTooSlow`, `FutureCursor`, …), the `name` of an info message (`OutdatedCursor`), and
   * `UnknownZstdDictionary` when a frame needs a dictionary that the decoder does not have.
   */
  readonly receive: (message: Message, endpoint: Endpoint) => MessageResult;
  /** As `receive`, without taking the message: lets a wrong beginning be seen before it is taken. */
  readonly peek?: ((message: Message, endpoint: Endpoint) => MessageResult) | null;
  /** Messages that `receive` need not see one by one, because they are foreign. */
  readonly skipping?: Skipping | null;
  readonly flow: Flow;
  readonly reconnect: ReconnectSettings;
  readonly idleTimeoutMs: number;
  /**
   * A connection for all accounts that brings no new event for so long is left, milliseconds. 0, the
   * default: it may be quiet.
   */
  readonly quietMs?: number;
  readonly observer?: Observer;
  /** Certificates (PEM) trusted besides those of the system. */
  readonly caCerts?: readonly string[];
  readonly clock?: Clock;
  /** A number in [0, 1). */
  readonly random?: () => number;
  readonly signal: AbortSignal;
}
