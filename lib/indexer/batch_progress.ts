/**
 * Progress within a batch. One event can affect many records, for example the account of a large repository
 * or the owner of a scene with a million posts. All of it belongs to one transaction, which then takes
 * minutes, so its progress is logged.
 */

import type { Clock } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";

/** How often it is logged. */
const EVERY_MS = 10_000;

export class BatchProgress {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #since: number;
  #saidAt: number;
  #records = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#since = this.#saidAt = clock.monotonic();
  }

  /** A batch begins, or is retried. */
  begin(): void {
    this.#since = this.#saidAt = this.#clock.monotonic();
    this.#records = 0;
  }

  /** Records were judged again. */
  judged(records: number): void {
    this.#records += records;
    const now = this.#clock.monotonic();
    if (now - this.#saidAt < EVERY_MS) return;
    this.#saidAt = now;
    this.#logger.info("a batch changes many dependent records", {
      seconds: Math.round((now - this.#since) / 1000),
      judged: this.#records,
    });
  }
}
