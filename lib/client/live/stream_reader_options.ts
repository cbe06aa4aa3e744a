import type { Position } from "../../decoder/event.ts";
import type { Clock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Message, MessageResult, Skipping, StreamNotice } from "./message_result.ts";
import type { Ending, Notice } from "./stream_observer.ts";
import type { Flow } from "../pause.ts";
import type { UndecodableRun } from "./undecodable_run.ts";
import type { JetstreamSocket } from "../socket/websocket.ts";

/** The options for reading one connection. */
export interface ReaderOptions {
  readonly socket: JetstreamSocket;
  readonly endpoint: Endpoint;
  readonly flow: Flow;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Silence after which the peer is considered gone, milliseconds. */
  readonly idleTimeoutMs: number;
  /** Time without a new event after which the stream is considered stalled, milliseconds; 0: no limit. */
  readonly quietMs: number;
  /** The undecodable messages of this endpoint. */
  readonly undecodable: UndecodableRun;
  /**
   * The position of a message, without handling it. Called until a message has one, so that a wrong beginning
   * is detected before anything is handled.
   */
  readonly peek: ((message: Message, endpoint: Endpoint) => MessageResult) | null;
  /** Handles a message. Must not throw because of the server's data. */
  readonly receive: (message: Message, endpoint: Endpoint) => MessageResult;
  /** Messages that can be skipped; null handles each. */
  readonly skipping: Skipping | null;
  /** Checks the first position of the connection. A result other than null ends the connection. */
  readonly onFirst: (position: Position) => Ending | null;
  /** Called after each read, with the last position in it if there was one. */
  readonly onProgress: (position: Position | null) => Ending | null;
  readonly onStreamNotice: (notice: StreamNotice) => Ending | null;
  readonly onNotice: (notice: Notice) => void;
  /** Called when reading stopped because the queue is full. */
  readonly onPause: () => void;
}
