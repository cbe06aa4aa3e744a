/** The stored status, cached briefly, so that pages never wait for an unavailable database. */

import { untilAborted } from "../../until_aborted.ts";
import { sqlStateOf } from "../../repository/connection/sqlstate.ts";
import type { Clocks } from "../facts/facts.ts";
import { isUnanswered } from "../../sqlstate_table.ts";
import type { StoredStatus } from "../../repository/status/stored_status.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** Provides the stored status. */
export interface StatusSource {
  /**
   * Called at most every two seconds while somebody looks, and aborted by the signal. The source caches
   * expensive counts for longer, and limits records and scenes to what a page can show.
   */
  status(signal: AbortSignal): Promise<StoredStatus>;
}

/** The newest answer, and whether it is outdated. */
export interface CachedStatus {
  readonly stored: StoredStatus | null;
  /** When it was answered, Unix milliseconds. Null: never. */
  readonly storedAtMs: number | null;
  /** The last query was not answered in time. */
  readonly stale: boolean;
}

export interface StatusCacheOptions {
  readonly source: StatusSource;
  /** Gets what the answers say about the database. */
  readonly telemetry: Telemetry;
  readonly clock: Clocks;
  /** How long an answer is reused. */
  readonly maxAgeMs?: number;
  /** How long a page waits for a new answer before it uses the old one. */
  readonly waitMs?: number;
  /** When a query is abandoned and the database counts as unavailable. */
  readonly giveUpMs?: number;
}

export class StatusCache {
  readonly #source: StatusSource;
  readonly #telemetry: Telemetry;
  readonly #clock: Clocks;
  readonly #maxAgeMs: number;
  readonly #waitMs: number;
  readonly #giveUpMs: number;
  readonly #closing = new AbortController();
  #stored: StoredStatus | null = null;
  #storedAtMs: number | null = null;
  #askedAt = -Infinity;
  #failed = false;
  #question: Promise<void> | null = null;

  constructor(options: StatusCacheOptions) {
    this.#source = options.source;
    this.#telemetry = options.telemetry;
    this.#clock = options.clock;
    this.#maxAgeMs = options.maxAgeMs ?? 2_000;
    this.#waitMs = options.waitMs ?? 1_000;
    this.#giveUpMs = options.giveUpMs ?? 5_000;
  }

  /** The newest answer, after requesting a new one and waiting briefly. Never rejects. */
  async get(): Promise<CachedStatus> {
    const expired = this.#clock.monotonic() - this.#askedAt >= this.#maxAgeMs;
    if (this.#question === null && expired && !this.#closing.signal.aborted) {
      this.#askedAt = this.#clock.monotonic();
      this.#question = this.#ask().finally(() => this.#question = null);
    }
    if (this.#question !== null) await within(this.#waitMs, this.#question);
    return {
      stored: this.#stored,
      storedAtMs: this.#storedAtMs,
      stale: this.#failed || this.#question !== null,
    };
  }

  /** Aborts a running query and starts no new one. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#question;
  }

  /** One query at a time: a hanging database gets no second one. */
  async #ask(): Promise<void> {
    const askedAt = this.#clock.monotonic();
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), this.#giveUpMs);
    const signal = AbortSignal.any([giveUp.signal, this.#closing.signal]);
    try {
      const stored = await untilAborted(this.#source.status(signal), signal);
      this.#stored = stored;
      this.#storedAtMs = this.#clock.now();
      this.#failed = false;
      this.#telemetry.database.counted({
        waitingRecords: stored.waiting.total,
        openDeadLetters: stored.deadLetters.open,
      });
    } catch (error) {
      // The repository logs the error: a page repeats its request all the time.
      this.#failed = true;
      if (this.#closing.signal.aborted) return;
      const code = sqlStateOf(error);
      if (giveUp.signal.aborted) this.#telemetry.database.silent(askedAt);
      else if (isUnanswered(code)) this.#telemetry.database.failed(code);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
