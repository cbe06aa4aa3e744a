import type { Position } from "../../decoder/event.ts";
import type { Clock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import type { Message, MessageResult, Skipping, StreamNotice } from "./message_result.ts";
import type { Ending, Notice } from "./stream_observer.ts";
import type { Flow } from "../event_queue.ts";
import type { UndecodableRun } from "./undecodable_run.ts";
import type { JetstreamSocket } from "../socket/websocket.ts";

/** What one connection is read with. */
export interface ReaderOptions {
  readonly socket: JetstreamSocket;
  readonly endpoint: Endpoint;
  readonly flow: Flow;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Silence for so long means that the peer is gone, milliseconds. */
  readonly idleTimeoutMs: number;
  /** No new event for so long means that nobody feeds the peer, milliseconds; 0: that may be. */
  readonly quietMs: number;
  /** What can't be decoded, of this endpoint. */
  readonly undecodable: UndecodableRun;
  /**
   * Where a message stands, without taking it. Asked until a message tells, so that a wrong beginning is
   * seen before anything of it is taken.
   */
  readonly peek: ((message: Message, endpoint: Endpoint) => MessageResult) | null;
  /** Takes a message. Must not throw for what the server sent. */
  readonly receive: (message: Message, endpoint: Endpoint) => MessageResult;
  /** Messages that need not be taken one by one; null takes each. */
  readonly skipping: Skipping | null;
  /** Judges the first position of the connection. Anything but null ends it. */
  readonly onFirst: (position: Position) => Ending | null;
  /** Judges after each read, with the last position in it if there was one. */
  readonly onProgress: (position: Position | null) => Ending | null;
  readonly onStreamNotice: (notice: StreamNotice) => Ending | null;
  readonly onNotice: (notice: Notice) => void;
  /** Called when reading stopped because the queue is full. */
  readonly onPause: () => void;
}
