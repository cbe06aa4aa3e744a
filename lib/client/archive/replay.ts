import type { Position } from "../../decoder/event.ts";
import type { Secret } from "../../secret.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import type { ReconnectSettings } from "../live/reconnecting.ts";
import type { Flow } from "../pause.ts";
import { ArchiveClient } from "./archive_client.ts";
import { downloadsOf } from "./downloads.ts";
import { ArchiveStalledError, RenumberedError, StalePlanError } from "./archive_error.ts";
import type { ArchiveFormat, Window } from "./archive_format.ts";
import { type ArchiveChunk, ChunkDelivery } from "./chunk_delivery.ts";
import type { ArchiveObserver } from "./replay_observer.ts";
import type { DownloadedBlock } from "./downloaded_block.ts";
import {
  type ArchiveFilter,
  type PlannedSegment,
  type PlanPage,
  requestPlan,
} from "./replay_plan.ts";
import { ProgressMeter } from "./progress_meter.ts";
import { checkAdvance, checkNumbering, RowOrder } from "./replay_order.ts";
import { type AheadLimits, readAhead } from "./read_ahead.ts";

export interface ReplayOptions {
  /** A v2 endpoint: the archive is on the same server. */
  readonly endpoint: Endpoint;
  /** For the archive only; never logged. */
  readonly apiKey: Secret | null;
  readonly filter: ArchiveFilter;
  /**
   * Everything up to here is done already; null replays everything. With a mark, the event at it is read again, to
   * see whether the server still numbers as it did.
   */
  readonly start: Position | null;
  readonly format: ArchiveFormat;
  /** Handles a chunk; the next one waits for it, and for `flow`. */
  readonly deliver: (chunk: ArchiveChunk) => void | Promise<void>;
  readonly flow: Flow;
  readonly reconnect: ReconnectSettings;
  /** How long a missing archive is retried, milliseconds; null: forever. */
  readonly missingMs?: number | null;
  readonly limits?: AheadLimits;
  readonly observer?: ArchiveObserver;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  /** A number in [0, 1). */
  readonly random?: () => number;
  readonly signal: AbortSignal;
}

/** Eight parts of 4 MB keep a line busy, and leave memory for the queue. */
export const DEFAULT_AHEAD: AheadLimits = { tasks: 8, bytes: 32 * 1024 * 1024 };

/** Outdated plans in a row without progress. */
const MAX_STALE_PLANS = 5;

/**
 * Replays the archive of one server in seq order, from `start` to the end that it had when the replay began.
 * Returns where the live stream takes over: everything up to `cutover` was delivered. The live stream replays
 * what the archive gains meanwhile.
 *
 * A start whose number means another event by now is worth nothing: then everything is replayed.
 *
 * Nothing is skipped: unavailable parts are requested until they come; damaged parts end the replay, and the
 * position of the last chunk is before them.
 *
 * @throws {ArchiveMissingError} when there was none for `missingMs`
 * @throws {ArchiveRefusedError} when the server refuses the request or the key
 * @throws {ArchiveDamagedError} when a part of the archive stays unreadable
 * @throws {ArchiveStalledError} when the server's plans make no progress
 * @throws {ReconnectLimitError} after `maxAttempts` failures of a request in a row
 * @throws whatever `deliver` throws, and the reason of `signal` when that aborts
 */
export async function replayArchive(options: ReplayOptions): Promise<{ readonly cutover: number }> {
  try {
    return await new Replay(options).run();
  } catch (error) {
    if (!(error instanceof RenumberedError)) throw error;
    const message = `replaying the archive from its beginning: ${error.message}`;
    options.observer?.notice?.({ code: "renumbered", message });
    return await new Replay({ ...options, start: null }).run();
  }
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #clock: Clock;
  readonly #client: ArchiveClient;
  readonly #delivery: ChunkDelivery;
  /** The start, until the first row was checked against it. */
  #unchecked: Position | null;

  constructor(options: ReplayOptions) {
    const { clock = systemClock, start, observer = {} } = options;
    this.#options = options;
    this.#clock = clock;
    this.#client = new ArchiveClient({
      endpoint: options.endpoint,
      apiKey: options.apiKey,
      reconnect: options.reconnect,
      observer,
      fetch: options.fetch ?? fetch,
      clock,
      random: options.random ?? Math.random,
      missingMs: options.missingMs ?? null,
    });
    this.#unchecked = start;
    const { cursor, timeUs, mark } = start ?? { cursor: 0, timeUs: 0 };
    this.#delivery = new ChunkDelivery({
      format: options.format,
      start: { cursor: mark === undefined ? cursor : Math.max(0, cursor - 1), timeUs },
      flow: options.flow,
      deliver: options.deliver,
      clock,
      signal: options.signal,
    });
  }

  async run(): Promise<{ readonly cutover: number }> {
    const startSeq = this.#delivery.seq;
    const first = await this.#plan(null);
    const tip = first.sealedTipSeq;
    // The live stream has everything after the archive's end.
    if (tip <= startSeq) return { cutover: startSeq };
    const meter = new ProgressMeter(
      { startSeq, tipSeq: tip },
      this.#clock,
      (progress) => this.#client.observer.progress?.(progress),
    );
    this.#report(meter, true);
    let stale = 0;
    for (let page = first;; page = await this.#plan(tip)) {
      const before = this.#delivery.seq;
      checkAdvance(page, before, tip);
      meter.planned(page.segments.length);
      try {
        await this.#page(page, tip, meter);
        stale = 0;
      } catch (error) {
        if (!(error instanceof StalePlanError)) throw error;
        stale = this.#delivery.seq > before ? 1 : stale + 1;
        await this.#replan(error, stale);
      }
      if (this.#delivery.seq >= tip) break;
    }
    this.#report(meter, true);
    return { cutover: tip };
  }

  async #plan(beforeSeq: number | null): Promise<PlanPage> {
    const { filter, signal } = this.#options;
    const afterSeq = this.#delivery.seq;
    return await requestPlan(this.#client, filter, { afterSeq, beforeSeq }, signal);
  }

  /** Delivers everything that a page wants, then reports the position after it. */
  async #page(page: PlanPage, tip: number, meter: ProgressMeter): Promise<void> {
    const { format, limits = DEFAULT_AHEAD, signal } = this.#options;
    const window = { afterSeq: this.#delivery.seq, throughSeq: page.plannedThroughSeq };
    const downloads = readAhead(
      (within) => downloadsOf(this.#client, format, page.segments, window, within),
      limits,
      signal,
    );
    let segmentsDone = 0;
    const rows = new RowOrder();
    for await (const { pieces, endsSegment } of downloads) {
      const segment = page.segments[segmentsDone]!;
      for (const piece of pieces) {
        await this.#piece(piece, segment, rows, window);
        this.#report(meter);
      }
      if (!endsSegment) continue;
      segmentsDone++;
      meter.segmentDone();
      this.#delivery.passTo(Math.min(segment.maxSeq, window.throughSeq));
    }
    this.#delivery.passTo(Math.min(window.throughSeq, tip));
    await this.#delivery.mark();
  }

  /** Decodes a block, downloading it again while it is damaged, and delivers it. */
  async #piece(
    piece: DownloadedBlock,
    segment: PlannedSegment,
    rows: RowOrder,
    { throughSeq }: Window,
  ): Promise<void> {
    const { signal } = this.#options;
    const block = await this.#client.undamaged(piece.label, signal, async (fresh) => {
      const block = (fresh ? await piece.again(signal) : piece).decode();
      if (block.length > 0) rows.check(block.seq(0), block.seq(block.length - 1), segment);
      return block;
    });
    if (block.length > 0) {
      if (this.#unchecked !== null) checkNumbering(block, this.#unchecked);
      this.#unchecked = null;
      rows.passed(block.seq(block.length - 1));
    }
    await this.#delivery.block(block, throughSeq);
  }

  async #replan(error: StalePlanError, stale: number): Promise<void> {
    const { signal } = this.#options;
    if (stale >= MAX_STALE_PLANS) {
      throw new ArchiveStalledError(
        `${stale} plans in a row were outdated, the last: ${error.message}`,
      );
    }
    const message =
      `making a new plan for the replay after ${this.#delivery.seq}: ${error.message}`;
    this.#client.observer.notice?.({ code: "archive_replanned", message });
    await this.#delivery.mark();
    await this.#client.pause(stale, signal);
  }

  #report(meter: ProgressMeter, always = false): void {
    const { seq, events } = this.#delivery;
    meter.report({ seq, events, bytes: this.#client.downloaded }, always);
  }
}
