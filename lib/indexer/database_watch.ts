/**
 * Watches the database on its own connection: whether it answers, also on a quiet stream, and whether one of
 * our sessions waits for a lock, long before its statement times out.
 */

import { type Clock, sleep } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import { openCounts } from "../repository/status/table_counts.ts";
import type { Database } from "../repository/connection/database.ts";
import { sqlStateOf } from "../repository/connection/sqlstate.ts";
import { findLockWait, type LockWait } from "../repository/status/lock_wait.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";

export interface WatchOptions {
  readonly database: Database;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The connections are dropped after this much silence, milliseconds. */
  readonly silentMs: number;
}

/** Work that can wait for a lock. */
type Work = `batch ${number}` | "count";

interface UnderWay {
  /** Its session, once known. */
  readonly pid: number;
  readonly sinceMs: number;
  readonly startedAt: number;
}

const TICK_MS = 1_000;
const EVERY_MS = 15_000;

/** Work that takes longer may be waiting for a lock; it is checked at this interval. */
const HELD_UP_MS = 2_000;

/** A database that takes longer counts as silent, while its answer is still awaited. */
const LATE_MS = 5_000;

/** Counting normally takes milliseconds. */
const COUNT_TIMEOUT_MS = 10_000;

export class DatabaseWatch {
  readonly #options: WatchOptions;
  readonly #underWay = new Map<Work, UnderWay>();
  #blocked: Work | null = null;
  #looking: Promise<void> | null = null;
  #lookedAt = -Infinity;
  #countedAt = -Infinity;
  #counting: Promise<void> | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Watches until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      if (clock.monotonic() - this.#lookedAt >= (this.#late().length > 0 ? HELD_UP_MS : EVERY_MS)) {
        await this.look(signal);
      }
      this.#count(signal);
      await sleep(TICK_MS, clock, signal).catch(() => {});
    }
    await this.#counting;
  }

  /** A session has begun this work. */
  began(work: Work, pid: number): void {
    const { clock } = this.#options;
    this.#underWay.set(work, { pid, sinceMs: clock.now(), startedAt: clock.monotonic() });
  }

  /** The work has ended. If it failed, its lock wait stays reported until the work succeeds. */
  ended(work: Work, succeeded: boolean): void {
    this.#underWay.delete(work);
    if (succeeded && this.#blocked === work) this.#tell(null);
  }

  /** Checks now; one check at a time. Never rejects. */
  look(signal: AbortSignal): Promise<void> {
    return this.#looking ??= this.#look(signal).finally(() => this.#looking = null);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { database, telemetry, clock, silentMs } = this.#options;
    const askedAt = this.#lookedAt = clock.monotonic();
    const cancelLate = clock.setTimer(() => telemetry.database.silent(askedAt), LATE_MS);
    const late = this.#late();
    try {
      const wait = await database.watch(
        (sql) => findLockWait(sql, late.map(([, { pid }]) => pid)),
        { silentMs, signal },
      );
      telemetry.database.answered();
      const waiting = late.find(([, { pid }]) => pid === wait?.pid);
      if (wait !== null && waiting !== undefined) this.#tell({ wait, waiting });
      else if (late.some(([work]) => work === this.#blocked)) this.#tell(null);
    } catch (error) {
      if (!signal.aborted) telemetry.database.failed(sqlStateOf(error));
    } finally {
      cancelLate();
    }
  }

  /** Work that has taken so long that it may be waiting. */
  #late(): [Work, UnderWay][] {
    const now = this.#options.clock.monotonic();
    return [...this.#underWay].filter(([, { startedAt }]) => now - startedAt >= HELD_UP_MS);
  }

  #tell(found: { readonly wait: LockWait; readonly waiting: [Work, UnderWay] } | null): void {
    const { telemetry, logger } = this.#options;
    if (found === null) {
      if (this.#blocked !== null) logger.info("the lock in the database is released");
      this.#blocked = null;
      telemetry.database.blocked(null);
      return;
    }
    const { wait: { what, holders }, waiting: [work, { sinceMs }] } = found;
    if (this.#blocked === null) {
      logger.warn("waiting for a lock in the database", { what, holders });
    }
    this.#blocked = work;
    telemetry.database.blocked({ what, holders, sinceMs });
  }

  /** Counts for the gauges in the background: a locked table must not stop the watch. */
  #count(signal: AbortSignal): void {
    const { database, telemetry, clock, silentMs } = this.#options;
    const every = this.#blocked === "count" ? HELD_UP_MS : EVERY_MS;
    const now = clock.monotonic();
    if (this.#counting !== null || !telemetry.facts.migrated || now - this.#countedAt < every) {
      return;
    }
    this.#countedAt = now;
    const counting = database.ask(
      (sql) =>
        openCounts(sql, {
          timeoutMs: COUNT_TIMEOUT_MS,
          session: (pid) => this.began("count", pid),
        }),
      { silentMs, signal },
    );
    this.#counting = counting.then((counts) => {
      telemetry.database.counted(counts);
      this.ended("count", true);
    }, () => this.ended("count", false)).finally(() => this.#counting = null);
  }
}
