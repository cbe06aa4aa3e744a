/** Reads the number of partitions, retrying until the database answers. */

import type { Clock } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import type { Database } from "../repository/connection/database.ts";
import { sqlStateOf } from "../repository/connection/sqlstate.ts";
import { beginPartitions } from "../repository/batch/partition_count.ts";
import { databaseBackoff } from "./pipeline.ts";

export interface ReadPartitionCountOptions {
  readonly database: Database;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly silentMs: number;
}

/** Null when the signal aborts. `wanted` applies to an empty index. */
export async function readPartitionCount(
  { database, logger, clock, random, silentMs }: ReadPartitionCountOptions,
  wanted: number,
  signal: AbortSignal,
): Promise<number | null> {
  const backoff = databaseBackoff(clock, random);
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const partitions = await database.ask((sql) => beginPartitions(sql, wanted), {
        silentMs,
        signal,
      });
      if (wanted !== 1 && wanted !== partitions) {
        logger.warn(
          "PARTITIONS applies to an empty database only: the command partitions changes it",
          {
            partitions,
          },
        );
      }
      return partitions;
    } catch (error) {
      if (signal.aborted) return null;
      logger.error("cannot read the number of partitions, retrying", {
        code: sqlStateOf(error),
        attempt,
      });
      await backoff(attempt, signal).catch(() => {});
    }
  }
  return null;
}
