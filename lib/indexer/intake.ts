/**
 * Turns the stream's messages into events and queues them. Foreign commits are only counted; the newest is
 * kept for its position.
 */

import type { ArchiveChunk } from "../client/archive/chunk_delivery.ts";
import type { Endpoint } from "../client/endpoint.ts";
import type { Skipped } from "../client/socket/frame_parser.ts";
import type { MessageResult } from "../client/live/message_result.ts";
import { markOf } from "../client/live/event_mark.ts";
import type { Progress } from "../client/live/progress.ts";
import type { ResumePoint } from "../client/live/resume_point.ts";
import type { Decoder } from "../decoder/wire/decoder.ts";
import type { Message } from "../decoder/raw_message.ts";
import type { Event, Position } from "../decoder/event.ts";
import { ForeignRun } from "./foreign_run.ts";

/** One event on its way to the database. */
export interface Arrival {
  readonly event: Event;
  /** `Endpoint.source` of the instance that sent it. */
  readonly source: string;
  /** By the monotonic clock, milliseconds. */
  readonly receivedAt: number;
  /** The number of events that it stands for: foreign ones are counted and queued as one. */
  readonly count: number;
  /** The position to resume from once it and all earlier ones are durable; null when unknown. */
  readonly resume: ResumePoint | null;
}

/** Where arrivals wait to be written. */
export interface ArrivalQueue {
  readonly paused: boolean;
  push(arrival: Arrival, bytes: number): void;
  /** Whether some partition has an older resume position than another. */
  readonly isBehind?: boolean;
}

export interface IntakeOptions {
  readonly queue: ArrivalQueue;
  readonly decoderFor: (endpoint: Endpoint) => Decoder;
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number;
  readonly progress: Progress;
}

/** Memory of an event besides its record, bytes. */
const EVENT_BYTES = 1_024;

/** The client gets the position of every 256th foreign commit. */
const TELL_EVERY = 256;

/** So many events are not held any longer. */
const HELD_MOST = 500;

export class Intake {
  readonly #options: IntakeOptions;
  /**
   * Events that can wait: account events, which arrive for the whole network. They are queued, in order, with
   * the next commit or the next tick, so that a stream of account events alone costs one transaction per
   * tick.
   */
  #held: { arrival: Arrival; bytes: number }[] = [];
  readonly #foreign: ForeignRun;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#foreign = new ForeignRun(options.decoderFor);
  }

  /** Handles one message. Returns its position in the stream, or a notice of the server. */
  take(message: Message, endpoint: Endpoint): MessageResult {
    const { decoderFor, now } = this.#options;
    const decoder = decoderFor(endpoint);
    // Foreign text messages were skipped already, except for the first one of a connection.
    if (typeof message !== "string" && decoder.isForeign(message)) {
      const count = this.#foreign.add(message, endpoint);
      // Reading its position costs more than the prefilter, so the client gets one now and then.
      return count % TELL_EVERY === 1 ? decoder.positionOf(message) : null;
    }
    const events = decoder.decode(message);
    const receivedAt = now();
    for (const decoded of events) {
      const position = positionOf(decoded);
      if (decoded.kind === "foreign") {
        this.#foreign.add(position, endpoint);
        continue;
      }
      if (position !== null) this.#advance(decoded, position, endpoint.source);
      const event = fromSource(decoded, endpoint.source);
      const arrival = this.#arrival(event, endpoint.source, receivedAt);
      this.#held.push({ arrival, bytes: bytesOf(event) });
      if (event.kind === "commit" || event.kind === "malformed") this.#release();
    }
    if (this.#held.length >= HELD_MOST) this.#release();
    return resultOf(events);
  }

  /** Counts foreign commits that the client skipped. Returns the position of the last one. */
  skipped(skipped: Skipped, endpoint: Endpoint): Position | null {
    return this.#foreign.skip(skipped, endpoint);
  }

  /** The position of a message, without handling it. */
  peek(message: Message, endpoint: Endpoint): MessageResult {
    const decoder = this.#options.decoderFor(endpoint);
    if (decoder.isForeign(message)) return decoder.positionOf(message);
    return resultOf(decoder.decode(message));
  }

  /** Handles a part of the archive: the wanted events, and the position after them. */
  takeArchive({ events, passed, position }: ArchiveChunk, source: string): void {
    // Held events of the live stream came first.
    this.tick();
    const { queue, now, progress } = this.#options;
    const receivedAt = now();
    for (const event of events) {
      // A batch may end within the part: reading resumes after its committed events.
      const reached = positionOf(event);
      if (reached !== null) progress.advance(reached, source);
      queue.push(this.#arrival(fromSource(event, source), source, receivedAt), bytesOf(event));
    }
    progress.advance(position, source);
    const mark: Event = { kind: "foreign", what: "archive", collection: null, position };
    queue.push(this.#arrival(mark, source, receivedAt, passed), 0);
  }

  /** Queues held events and the position of foreign commits, so that the cursor advances. */
  tick(): void {
    const { queue, progress, now } = this.#options;
    this.#markForeign();
    this.#release();
    const quiet = progress.look(queue.paused);
    const source = quiet?.source ??
      (queue.isBehind ? progress.point?.source : null);
    if (source) queue.push(this.#arrival(NOTHING, source, now(), 0), 0);
  }

  #markForeign(): void {
    const run = this.#foreign.end();
    if (run === null) return;
    const { count, position, source } = run;
    const event: Event = { kind: "foreign", what: "commit", collection: null, position };
    if (position !== null) this.#advance(event, position, source);
    const arrival = this.#arrival(event, source, this.#options.now(), count);
    this.#held.push({ arrival, bytes: 0 });
  }

  #arrival(event: Event, source: string, receivedAt: number, count = 1): Arrival {
    return { event, source, receivedAt, count, resume: this.#options.progress.take() };
  }

  #advance(event: Event, { cursor, timeUs }: Position, source: string): void {
    this.#options.progress.advance(
      { cursor, timeUs, mark: markOf(event, { cursor, timeUs }) },
      source,
    );
  }

  #release(): void {
    for (const { arrival, bytes } of this.#held) this.#options.queue.push(arrival, bytes);
    this.#held = [];
  }
}

/** Queued on a quiet stream, for its position alone. */
const NOTHING: Event = { kind: "foreign", what: "quiet", collection: null, position: null };

/** The result of a message: a notice of the server, otherwise the last position. */
function resultOf(events: readonly Event[]): MessageResult {
  if (events.length > 0 && events.every(({ kind }) => kind === "malformed")) {
    return { undecodable: true };
  }
  let last: Position | null = null;
  for (const event of events) {
    if (event.kind === "notice") return { notice: event.code };
    if (event.position !== null) last = { ...event.position, mark: markOf(event, event.position) };
  }
  return last;
}

/** Account events carry their instance, because they are ordered only per instance. */
function fromSource(event: Event, source: string): Event {
  return event.kind === "account" || event.kind === "identity" ? { ...event, source } : event;
}

/** Approximate memory of an event. */
function bytesOf(event: Event): number {
  return EVENT_BYTES + (event.kind === "commit" ? event.size : 0);
}

/** The position of an event, if it has one. */
export function positionOf(event: Event): Position | null {
  return event.kind === "notice" ? null : event.position;
}
