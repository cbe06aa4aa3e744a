/** Retries dead letters: those that are due, and those that an operator selects. */

import type { Sql } from "../repository/connection/sql.ts";
import type { Logger } from "../log/logger.ts";
import {
  deadLetterParts,
  retryBatch,
  takeDueDeadLetters,
} from "../repository/dead_letters/retry_batch.ts";
import { sqlStateOf } from "../repository/connection/sqlstate.ts";
import type { Writer } from "../repository/batch/writer.ts";

export interface DeadLetterRetriesOptions {
  readonly writer: Writer;
  readonly logger: Logger;
  /** Queries the database, and drops its connections when they are silent. */
  readonly ask: <T>(question: (sql: Sql) => Promise<T>, signal: AbortSignal) => Promise<T>;
}

/** How many due dead letters are retried at a time. */
const DEAD_LETTERS_AT_A_TIME = 100;

export class DeadLetterRetries {
  readonly #options: DeadLetterRetriesOptions;

  constructor(options: DeadLetterRetriesOptions) {
    this.#options = options;
  }

  /**
   * Retries open dead letters, in transactions of bounded size. Dead letters with only an excerpt are left out.
   */
  async retry(
    ids: readonly number[],
    signal: AbortSignal,
  ): Promise<{ tried: number; resolved: number }> {
    const { ask, writer } = this.#options;
    let tried = 0;
    let resolved = 0;
    for (const part of await ask((sql) => deadLetterParts(sql, ids), signal)) {
      const batch = await ask((sql) => retryBatch(sql, part), signal);
      tried += batch.events.length;
      if (batch.events.length === 0) continue;
      const { outcomes } = await writer.write(batch, signal);
      resolved += outcomes.filter((outcome) => outcome !== "dead_letter").length;
    }
    return { tried, resolved };
  }

  /** Retries the dead letters that are due. After a failure they are still due. */
  async retryDue(signal: AbortSignal): Promise<void> {
    const { ask, logger } = this.#options;
    try {
      const ids = await ask((sql) => takeDueDeadLetters(sql, DEAD_LETTERS_AT_A_TIME), signal);
      if (ids.length === 0) return;
      logger.info("dead letters retried", await this.retry(ids, signal));
    } catch (error) {
      if (signal.aborted) return;
      logger.warn("cannot retry dead letters", { code: sqlStateOf(error) });
    }
  }
}
