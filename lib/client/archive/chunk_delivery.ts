import type { Block } from "../../decoder/archive/block.ts";
import type { Event, Position } from "../../decoder/event.ts";
import { type Clock, sleep } from "../clock.ts";
import type { Flow } from "../pause.ts";
import type { ArchiveFormat } from "./archive_format.ts";

/** A part of the archive, ready to be written. */
export interface ArchiveChunk {
  /** Wanted events, in order; empty when the chunk only reports progress. */
  readonly events: readonly Event[];
  /** Size of the events on the wire. */
  readonly bytes: number;
  /** Unwanted rows since the previous chunk. */
  readonly passed: number;
  /**
   * Once this chunk and all earlier ones are durable, everything up to here is: a later replay or the live
   * stream resumes here. `timeUs` is never later than the true time.
   */
  readonly position: Position;
}

export interface ChunkDeliveryOptions {
  readonly format: ArchiveFormat;
  /** Where the replay begins: everything up to here is done already. */
  readonly start: Position;
  readonly flow: Flow;
  readonly deliver: (chunk: ArchiveChunk) => void | Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Every queue can exceed its limit by one chunk, as it can by the rest of a message. */
const CHUNK_ROWS = 256;
const CHUNK_BYTES = 1024 * 1024;

/** While nothing is wanted, progress is reported at this interval, so that a restart resumes there. */
const MARK_EVERY_MS = 2_000;

/** See `readStream`: without a pause, decoding would delay timers, HTTP and signals. */
const YIELD_EVERY_MS = 10;

/** Delivers blocks in order, as fast as the queue accepts them. */
export class ChunkDelivery {
  readonly #options: ChunkDeliveryOptions;
  #position: Position;
  #events = 0;
  #passed = 0;
  /** The cursor of the last delivered chunk. */
  #deliveredSeq: number;
  #deliveredAt: number;
  #yieldedAt: number;

  constructor(options: ChunkDeliveryOptions) {
    this.#options = options;
    this.#position = options.start;
    this.#deliveredSeq = options.start.cursor;
    this.#deliveredAt = options.clock.monotonic();
    this.#yieldedAt = this.#deliveredAt;
  }

  /** Everything up to here was delivered. */
  get seq(): number {
    return this.#position.cursor;
  }

  /** Number of delivered events. */
  get events(): number {
    return this.#events;
  }

  /** Delivers the new rows of a block, up to and including `throughSeq`. */
  async block(block: Block, throughSeq: number): Promise<void> {
    let row = 0;
    while (row < block.length && block.seq(row) <= this.seq) row++;
    while (row < block.length && block.seq(row) <= throughSeq) {
      const end = endOfChunk(block, row, throughSeq);
      await this.#rows(block, row, end);
      row = end;
    }
    const { clock } = this.#options;
    if (clock.monotonic() - this.#deliveredAt >= MARK_EVERY_MS) await this.mark();
  }

  /** Skips to `seq`: the plan wants nothing before it. */
  passTo(seq: number): void {
    if (seq > this.seq) this.#position = { ...this.#position, cursor: seq };
  }

  /** Delivers the current position, if it was not delivered yet. */
  async mark(): Promise<void> {
    if (this.seq > this.#deliveredSeq) await this.#deliver([], 0);
  }

  async #rows(block: Block, first: number, end: number): Promise<void> {
    await this.#yield();
    const { events, bytes, passed } = this.#options.format.events(block, first, end);
    this.#passed += passed;
    this.#position = { cursor: block.seq(end - 1), timeUs: this.#timeOf(block, end - 1) };
    if (events.length > 0) await this.#deliver(events, bytes);
  }

  async #deliver(events: readonly Event[], bytes: number): Promise<void> {
    const { flow, deliver, clock, signal } = this.#options;
    await flow.whenOpen(signal);
    signal.throwIfAborted();
    const passed = this.#passed;
    this.#passed = 0;
    this.#events += events.length;
    this.#deliveredSeq = this.seq;
    this.#deliveredAt = clock.monotonic();
    await deliver({ events, bytes, passed, position: this.#position });
  }

  /** A row without a valid time gets the previous one: too early is harmless, too late is not. */
  #timeOf(block: Block, row: number): number {
    const timeUs = block.witnessedAt(row);
    return Number.isSafeInteger(timeUs) && timeUs > 0 ? timeUs : this.#position.timeUs;
  }

  async #yield(): Promise<void> {
    const { clock, signal } = this.#options;
    if (clock.monotonic() - this.#yieldedAt < YIELD_EVERY_MS) return;
    await sleep(0, clock, signal);
    this.#yieldedAt = clock.monotonic();
  }
}

function endOfChunk(block: Block, first: number, throughSeq: number): number {
  let bytes = 0;
  let row = first;
  while (row < block.length && row - first < CHUNK_ROWS && bytes < CHUNK_BYTES) {
    if (block.seq(row) > throughSeq) break;
    bytes += block.payloadBytes(row);
    row++;
  }
  return row;
}
