import type { Block } from "../../decoder/archive/block.ts";
import type { Event, Position } from "../../decoder/event.ts";
import { type Clock, sleep } from "../clock.ts";
import type { Flow } from "../event_queue.ts";
import type { ArchiveFormat } from "./archive_format.ts";

/** A piece of the archive, ready to be written. */
export interface ArchiveChunk {
  /** Events that are wanted, in order; none when the chunk only tells how far the replay has come. */
  readonly events: readonly Event[];
  /** Memory that the events take on the wire. */
  readonly bytes: number;
  /** Rows that were passed over since the chunk before: nobody wants them. */
  readonly passed: number;
  /**
   * Once this chunk and all before it are durable, everything up to here is: where a later replay or
   * the live stream goes on. `timeUs` is never later than the true time.
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

/** A queue of any size has room for a chunk beyond its limit, as it has for the rest of a message. */
const CHUNK_ROWS = 256;
const CHUNK_BYTES = 1024 * 1024;

/** While nothing is wanted, the place is told this often, so that a restart doesn't begin before it. */
const MARK_EVERY_MS = 2_000;

/** See `readStream`: without a pause, decoding would hold up timers, HTTP and signals. */
const YIELD_EVERY_MS = 10;

/** Hands blocks over, in order, as fast as they are taken. */
export class ChunkDelivery {
  readonly #options: ChunkDeliveryOptions;
  #position: Position;
  #events = 0;
  #passed = 0;
  /** The position of the last chunk. */
  #told: number;
  #toldAt: number;
  #yieldedAt: number;

  constructor(options: ChunkDeliveryOptions) {
    this.#options = options;
    this.#position = options.start;
    this.#told = options.start.cursor;
    this.#toldAt = options.clock.monotonic();
    this.#yieldedAt = this.#toldAt;
  }

  /** Everything up to here was handed over. */
  get seq(): number {
    return this.#position.cursor;
  }

  /** Events that were handed over. */
  get events(): number {
    return this.#events;
  }

  /** Hands over the rows of a block that are new, up to and with `throughSeq`. */
  async block(block: Block, throughSeq: number): Promise<void> {
    let row = 0;
    while (row < block.length && block.seq(row) <= this.seq) row++;
    while (row < block.length && block.seq(row) <= throughSeq) {
      const end = endOfChunk(block, row, throughSeq);
      await this.#rows(block, row, end);
      row = end;
    }
    const { clock } = this.#options;
    if (clock.monotonic() - this.#toldAt >= MARK_EVERY_MS) await this.mark();
  }

  /** Everything up to `seq` is behind: the plan wants nothing more before it. */
  passTo(seq: number): void {
    if (seq > this.seq) this.#position = { ...this.#position, cursor: seq };
  }

  /** Tells how far it has come, if that was not told yet. */
  async mark(): Promise<void> {
    if (this.seq > this.#told) await this.#tell([], 0);
  }

  async #rows(block: Block, first: number, end: number): Promise<void> {
    await this.#yield();
    const { events, bytes, passed } = this.#options.format.events(block, first, end);
    this.#passed += passed;
    this.#position = { cursor: block.seq(end - 1), timeUs: this.#timeOf(block, end - 1) };
    if (events.length > 0) await this.#tell(events, bytes);
  }

  async #tell(events: readonly Event[], bytes: number): Promise<void> {
    const { flow, deliver, clock, signal } = this.#options;
    await flow.whenOpen(signal);
    signal.throwIfAborted();
    const passed = this.#passed;
    this.#passed = 0;
    this.#events += events.length;
    this.#told = this.seq;
    this.#toldAt = clock.monotonic();
    await deliver({ events, bytes, passed, position: this.#position });
  }

  /** A row without a usable time keeps the one before: too early is harmless, too late is not. */
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
