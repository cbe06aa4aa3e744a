/**
 * Reads the notes that other partitions leave for one: after a batch that saw notes, and periodically when
 * idle.
 */

import { type Clock, sleep } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import type { Batch, BatchResult } from "../repository/fold/batch.ts";
import { sqlStateOf } from "../repository/connection/sqlstate.ts";
import { hasMail, UndigestedMailError } from "../repository/fold/mailbox.ts";
import type { Sql } from "../repository/connection/sql.ts";
import type { PartitionQueue } from "./partition_queues.ts";

export interface MailboxReaderOptions {
  readonly write: (batch: Batch, signal: AbortSignal) => Promise<BatchResult>;
  readonly ask: <T>(question: (sql: Sql) => Promise<T>, signal: AbortSignal) => Promise<T>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Notes per transaction. Each can have many children. */
const NOTES = 1000;

const POLL_MS = 250;

/** Pause after notes that can't be processed. */
const REST_MS = 10_000;

export class MailboxReader {
  readonly #options: MailboxReaderOptions;

  constructor(options: MailboxReaderOptions) {
    this.#options = options;
  }

  /** Reads some notes. Returns whether there may be more. */
  async readSome({ lease, share }: PartitionQueue, signal: AbortSignal): Promise<boolean> {
    const { mailTaken = 0 } = await this.#options.write({
      id: crypto.randomUUID(),
      events: [],
      cursor: null,
      deadLetters: [],
      fromSource: false,
      lease,
      share,
      mail: NOTES,
    }, signal);
    return mailTaken === NOTES;
  }

  /** The same after a batch: a failure must not delay events. */
  async readAfterBatch(queue: PartitionQueue, signal: AbortSignal): Promise<void> {
    try {
      await this.readSome(queue, signal);
    } catch (error) {
      if (!(error instanceof UndigestedMailError)) throw error;
    }
  }

  /**
   * Checks for notes until the signal aborts. With one partition only once: notes may be left from a time
   * with several.
   */
  async poll(queue: PartitionQueue, signal: AbortSignal): Promise<void> {
    const { clock, logger, ask } = this.#options;
    let waitMs = 0;
    do {
      try {
        if (waitMs > 0) await sleep(waitMs, clock, signal);
        waitMs = POLL_MS;
        if (!await ask((sql) => hasMail(sql, queue.share), signal)) continue;
        while (await this.readSome(queue, signal));
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof UndigestedMailError) {
          logger.error("cannot apply notes of other partitions, retrying later", {
            code: sqlStateOf(error.cause),
            partition: queue.share.partition,
          });
          waitMs = REST_MS;
        } else if (isOver(error)) throw error;
      }
    } while (!signal.aborted && (queue.share.of > 1 || waitMs === 0));
  }
}

function isOver(error: unknown): boolean {
  return error instanceof Error &&
    (error.name === "LeaseLostError" || error.name === "PartitionsChangedError");
}
