/**
 * Where the stream's messages become events and join the queue. Foreign commits never do: they are
 * counted here, and only the last of them is kept, for its place in the stream.
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

/** One event on its way to the database. */
export interface Arrival {
  readonly event: Event;
  /** `Endpoint.source` of the instance that it came from. */
  readonly source: string;
  /** By the monotonic clock, milliseconds. */
  readonly receivedAt: number;
  /** How many events it stands for: foreign ones are counted, and queued as one. */
  readonly count: number;
  /** Where reading goes on once it and all before it are durable; null when that is not known. */
  readonly resume: ResumePoint | null;
}

/** Where arrivals wait to be written. */
export interface ArrivalQueue {
  readonly paused: boolean;
  push(arrival: Arrival, bytes: number): void;
  /** Whether a partition was told less of where reading goes on than another. */
  readonly isBehind?: boolean;
}

export interface IntakeOptions {
  readonly queue: ArrivalQueue;
  readonly decoderFor: (endpoint: Endpoint) => Decoder;
  /** Milliseconds of a clock that never runs backwards. */
  readonly now: () => number;
  readonly progress: Progress;
}

/** What an event takes besides its record, bytes. */
const EVENT_BYTES = 1_024;

/** Of foreign commits, the client is told where every so many-eth stands. */
const TELL_EVERY = 256;

export class Intake {
  readonly #options: IntakeOptions;
  /**
   * Events that nobody waits for: markers of accounts, which arrive for the whole network. They are
   * queued, in their order, with the next commit or the next tick, so that a stream of markers alone
   * costs a transaction a tick and not one each.
   */
  #held: { arrival: Arrival; bytes: number }[] = [];
  /** Foreign events since the last mark, and the newest of them. */
  #foreign = 0;
  #lastForeign: { at: Position | Message; endpoint: Endpoint } | null = null;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Takes one message. Returns where it stands in the stream, or what the server says about that. */
  take(message: Message, endpoint: Endpoint): MessageResult {
    const { decoderFor, now } = this.#options;
    const decoder = decoderFor(endpoint);
    // Of text, what is foreign was skipped, unless it is the first message of its connection.
    if (typeof message !== "string" && decoder.isForeign(message)) {
      this.#foreign++;
      this.#lastForeign = { at: message, endpoint };
      // Its place costs more than the look, so the client is told of one now and then.
      return this.#foreign % TELL_EVERY === 1 ? decoder.positionOf(message) : null;
    }
    const events = decoder.decode(message);
    const receivedAt = now();
    for (const decoded of events) {
      const position = positionOf(decoded);
      if (decoded.kind === "foreign") {
        this.#foreign++;
        if (position !== null) this.#lastForeign = { at: position, endpoint };
        continue;
      }
      if (position !== null) this.#advance(decoded, position, endpoint.source);
      const event = fromSource(decoded, endpoint.source);
      const arrival = this.#arrival(event, endpoint.source, receivedAt);
      this.#held.push({ arrival, bytes: bytesOf(event) });
      if (event.kind === "commit" || event.kind === "malformed") this.#release();
    }
    if (this.#held.length >= 500) this.#release();
    return resultOf(events);
  }

  /** Counts foreign commits that the client skipped. Returns where the last of them stands. */
  skipped({ count, last }: Skipped, endpoint: Endpoint): Position | null {
    this.#foreign += count;
    const position = this.#options.decoderFor(endpoint).positionOf(last);
    if (position !== null) this.#lastForeign = { at: position, endpoint };
    return position;
  }

  /** Where a message stands, without taking it. */
  peek(message: Message, endpoint: Endpoint): MessageResult {
    const decoder = this.#options.decoderFor(endpoint);
    if (decoder.isForeign(message)) return decoder.positionOf(message);
    return resultOf(decoder.decode(message));
  }

  /** Takes a part of the archive: the events that are wanted, and the place that it reaches. */
  takeArchive({ events, passed, position }: ArchiveChunk, source: string): void {
    // What the live stream still holds back came first.
    this.tick();
    const { queue, now, progress } = this.#options;
    const receivedAt = now();
    for (const event of events) {
      // A batch may end inside the part: reading goes on behind what is committed of it.
      const reached = positionOf(event);
      if (reached !== null) progress.advance(reached, source);
      queue.push(this.#arrival(fromSource(event, source), source, receivedAt), bytesOf(event));
    }
    progress.advance(position, source);
    const mark: Event = { kind: "foreign", what: "archive", collection: null, position };
    queue.push(this.#arrival(mark, source, receivedAt, passed), 0);
  }

  /** Queues what was held back, and the place of foreign commits, so that the cursor moves on. */
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
    if (this.#foreign === 0) return;
    const last = this.#lastForeign;
    const position = last === null ? null : this.#placeOf(last);
    const event: Event = { kind: "foreign", what: "commit", collection: null, position };
    const source = last?.endpoint.source ?? "";
    if (position !== null) this.#advance(event, position, source);
    const arrival = this.#arrival(event, source, this.#options.now(), this.#foreign);
    this.#held.push({ arrival, bytes: 0 });
    this.#foreign = 0;
    this.#lastForeign = null;
  }

  #arrival(event: Event, source: string, receivedAt: number, count = 1): Arrival {
    return { event, source, receivedAt, count, resume: this.#options.progress.take() };
  }

  #placeOf({ at, endpoint }: { at: Position | Message; endpoint: Endpoint }): Position | null {
    if (typeof at === "string" || at instanceof Uint8Array) {
      return this.#options.decoderFor(endpoint).positionOf(at);
    }
    return at;
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

/** Queued on a quiet stream, for its place alone. */
const NOTHING: Event = { kind: "foreign", what: "quiet", collection: null, position: null };

/** What events tell of the stream: what the server says about it, or else the last position. */
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

/** Events of accounts are in order on each instance. */
function fromSource(event: Event, source: string): Event {
  return event.kind === "account" || event.kind === "identity" ? { ...event, source } : event;
}

/** How much memory an event takes, or about so. */
function bytesOf(event: Event): number {
  return EVENT_BYTES + (event.kind === "commit" ? event.size : 0);
}

/** Where an event stands in its stream, if it says. */
export function positionOf(event: Event): Position | null {
  return event.kind === "notice" ? null : event.position;
}
