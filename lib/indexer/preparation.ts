/** Runs the migrations before anything is read. */

import type { Clock } from "../client/clock.ts";
import type { Logger } from "../log/logger.ts";
import type { Database } from "../repository/connection/database.ts";
import { sqlStateOf } from "../repository/connection/sqlstate.ts";
import { safeDatabaseError } from "../repository/connection/database_error.ts";
import {
  isMigrated,
  migrate,
  MigrationError,
  ReadOnlyError,
} from "../repository/schema/migrate.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";
import type { FaultPoint } from "./fault_point.ts";
import { databaseBackoff } from "./pipeline.ts";

export interface PreparationOptions {
  readonly database: Database;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: () => number;
  /** When a query counts as unanswered, milliseconds. */
  readonly silentMs: number;
  readonly pass: (name: FaultPoint) => void | Promise<void>;
}

/** A migration builds indexes, or waits for the instance that does. */
const MIGRATION_MS = 600_000;

/**
 * Migrates, waiting for the database as long as it takes. Returns false when the signal aborts.
 *
 * @throws {MigrationError} for a database that waiting can't fix
 */
export async function prepare(
  options: PreparationOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { logger, telemetry, clock, random } = options;
  const backoff = databaseBackoff(clock, random);
  for (let attempt = 1;; attempt++) {
    try {
      const applied = await migrateDatabase(options, signal);
      if (applied.length > 0) logger.info("migrations applied", { versions: applied });
      telemetry.database.migrated();
      return true;
    } catch (error) {
      if (error instanceof MigrationError) throw error;
      if (signal.aborted) return false;
      // A session keeps the mode that it began with; the next one may be writable.
      if (error instanceof ReadOnlyError) options.database.abandon(options.database.sql);
      const code = sqlStateOf(error);
      const reason = error instanceof ReadOnlyError
        ? error.message
        : safeDatabaseError(error).message;
      logger.error("cannot prepare the database, retrying", { code, attempt, reason });
      telemetry.batches.failed(code);
      await backoff(attempt, signal).catch(() => {});
      if (signal.aborted) return false;
    }
  }
}

async function migrateDatabase(
  { database, silentMs, pass }: PreparationOptions,
  signal: AbortSignal,
): Promise<number[]> {
  // A migration may take long, so a quick query first checks whether the database answers.
  await database.ask(isMigrated, { silentMs, signal });
  return await database.ask(
    (sql, alive) =>
      migrate(sql, {
        step: (name) => {
          alive();
          return pass(`migration_${name}`);
        },
      }),
    { silentMs: MIGRATION_MS, signal },
  );
}
