/** Creates the writer of batches, which reports each step to the log, the counters and the watch. */

import type { Mapper } from "../mapper/content.ts";
import { Writer } from "../repository/batch/writer.ts";
import type { Context } from "./context.ts";
import type { DatabaseWatch } from "./database_watch.ts";
import { BatchProgress } from "./batch_progress.ts";
import { databaseBackoff } from "./pipeline.ts";

export function createWriter(context: Context, mapper: Mapper, watch: DatabaseWatch): Writer {
  const { config, database, logger, telemetry, clock, random } = context;
  const batchProgress = new BatchProgress(clock, logger);
  return new Writer({
    mapper,
    consumer: config.consumerName,
    connection: (partition) => database.writing(partition),
    abandon: (sql) => database.abandon(sql),
    statementTimeoutMs: context.statementTimeoutMs,
    backoff: databaseBackoff(clock, random),
    session: (pid, partition) => watch.began(`batch ${partition}`, pid),
    failed: (sqlState, attempt, error, partition) => {
      watch.ended(`batch ${partition}`, false);
      telemetry.batches.failed(sqlState);
      logger.error("cannot write a batch, retrying", { code: sqlState, attempt, error });
    },
    refused: (table, sqlState) => logger.warn("a row was rejected", { table, code: sqlState }),
    step: (name, { deadLetters, share }) => {
      if (name === "beginning") batchProgress.begin();
      if (name === "committed") watch.ended(`batch ${share?.partition ?? 0}`, true);
      return context.faultPoint(`${deadLetters.length > 0 ? "retry" : "batch"}_${name}`);
    },
    judged: (records) => {
      telemetry.batches.advanced();
      batchProgress.judged(records);
    },
  });
}
