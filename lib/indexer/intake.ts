/**
 * Where the stream's messages become events and join the queue. Foreign commits never do: they are
 * counted here, and only the last of them is kept, for its place in the stream.
 */

import type { ArchiveChunk } from "../client/archive/hand_over.ts";
import type { EventQueue } from "../client/queue.ts";
import type { Endpoint } from "../client/endpoint.ts";
import type { Skipped } from "../client/frames.ts";
import type { Heard } from "../client/heard.ts";
import { type ResumePoint, TIME_CURSOR_FROM } from "../client/resume.ts";
import type { Decoder, Message } from "../decoder/decoder.ts";
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
}

export interface IntakeOptions {
  readonly queue: EventQueue<Arrival>;
  readonly decoderFor: (endpoint: Endpoint) => Decoder;
  /** Milliseconds of a clock that never runs backwards. */
  readonly now: () => number;
  /** The wall clock, Unix milliseconds. */
  readonly wallClock: () => number;
}

/** A message's size counts towards the queue's bytes; parsed, it takes about this many times as much. */
const PARSED_FACTOR = 3;

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
  /** The furthest position taken in, by the instance that it came from. */
  #taken: ResumePoint | null = null;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Takes one message. Returns where it stands in the stream, or what the server says about that. */
  take(message: Message, endpoint: Endpoint): Heard {
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
    const bytes = Math.ceil(message.length * PARSED_FACTOR / Math.max(1, events.length));
    let position: Position | null = null;
    for (const event of events) {
      position = positionOf(event) ?? position;
      if (event.kind === "foreign") {
        this.#foreign++;
        if (event.position !== null) this.#lastForeign = { at: event.position, endpoint };
        continue;
      }
      const arrival = { event, source: endpoint.source, receivedAt, count: 1 };
      this.#held.push({ arrival, bytes });
      if (event.kind === "commit" || event.kind === "malformed") this.#release();
    }
    if (position !== null) this.#advance(position, endpoint.source);
    if (this.#held.length >= 500) this.#release();
    return heard(events);
  }

  /** Counts foreign commits that the client skipped. Returns where the last of them stands. */
  skipped({ count, last }: Skipped, endpoint: Endpoint): Position | null {
    this.#foreign += count;
    const position = this.#options.decoderFor(endpoint).positionOf(last);
    if (position !== null) this.#lastForeign = { at: position, endpoint };
    return position;
  }

  /** Where a message stands, without taking it. */
  peek(message: Message, endpoint: Endpoint): Heard {
    const decoder = this.#options.decoderFor(endpoint);
    if (decoder.isForeign(message)) return decoder.positionOf(message);
    return heard(decoder.decode(message));
  }

  /** Takes a part of the archive: the events that are wanted, and the place that it reaches. */
  takeArchive({ events, bytes, passed, position }: ArchiveChunk, source: string): void {
    // What the live stream still holds back came first.
    this.tick();
    const receivedAt = this.#options.now();
    const each = Math.ceil(bytes * PARSED_FACTOR / Math.max(1, events.length));
    for (const event of events) {
      this.#options.queue.push({ event, source, receivedAt, count: 1 }, each);
    }
    const mark: Event = { kind: "foreign", what: "archive", collection: null, position };
    this.#options.queue.push({ event: mark, source, receivedAt, count: passed }, 0);
    this.#advance(position, source);
  }

  /** Queues what was held back, and the place of foreign commits, so that the cursor moves on. */
  tick(): void {
    this.#markForeign();
    this.#release();
  }

  /** Where to go on reading: after everything that was taken in. Null before the first message. */
  get resumePoint(): ResumePoint | null {
    return this.#taken;
  }

  #markForeign(): void {
    if (this.#foreign === 0) return;
    const last = this.#lastForeign;
    const position = last === null ? null : this.#placeOf(last);
    if (position !== null && last !== null) this.#advance(position, last.endpoint.source);
    this.#held.push({
      arrival: {
        event: { kind: "foreign", what: "commit", collection: null, position },
        source: last?.endpoint.source ?? "",
        receivedAt: this.#options.now(),
        count: this.#foreign,
      },
      bytes: 0,
    });
    this.#foreign = 0;
    this.#lastForeign = null;
  }

  #placeOf({ at, endpoint }: { at: Position | Message; endpoint: Endpoint }): Position | null {
    if (typeof at === "string" || at instanceof Uint8Array) {
      return this.#options.decoderFor(endpoint).positionOf(at);
    }
    return at;
  }

  #advance({ cursor, timeUs }: Position, source: string): void {
    const next = { cursor, timeUs, source };
    if (isImpossible(next, this.#options.wallClock())) return;
    if (this.#taken === null || isFurther(next, this.#taken)) this.#taken = next;
  }

  #release(): void {
    for (const { arrival, bytes } of this.#held) this.#options.queue.push(arrival, bytes);
    this.#held = [];
  }
}

/** What events tell of the stream: what the server says about it, or else the last position. */
function heard(events: readonly Event[]): Heard {
  if (events.length > 0 && events.every(({ kind }) => kind === "malformed")) {
    return { undecodable: true };
  }
  let position: Position | null = null;
  for (const event of events) {
    if (event.kind === "notice") return { notice: event.code };
    position = event.position ?? position;
  }
  return position;
}

/** How far a server's clock may be ahead of ours, microseconds. */
const AHEAD_US = 24 * 60 * 60 * 1_000_000;

/**
 * Whether a position is so far in the future that it can't be true. The event counts, but nothing goes
 * on there: a server would be asked for what comes after, for ever.
 *
 * @param nowMs the wall clock, Unix milliseconds
 */
export function isImpossible({ cursor, timeUs }: Position, nowMs: number): boolean {
  const latestUs = nowMs * 1000 + AHEAD_US;
  return timeUs > latestUs || (cursor >= TIME_CURSOR_FROM && cursor > latestUs);
}

/**
 * Whether reading has got further. A lower cursor of a later time is further too: the instance was
 * built anew and counts from the start.
 */
export function isFurther(next: ResumePoint, before: ResumePoint): boolean {
  if (next.source !== before.source) return true;
  return next.cursor >= before.cursor || next.timeUs > before.timeUs;
}

/** Where an event stands in its stream, if it says. */
export function positionOf(event: Event): Position | null {
  return event.kind === "notice" ? null : event.position;
}
