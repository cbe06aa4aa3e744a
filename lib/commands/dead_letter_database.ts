/** The database with the dead letters. */

import { type Config, readConfig } from "../config.ts";
import { secretsOf } from "../config/secrets.ts";
import { createLogger, type Logger } from "../log/logger.ts";
import { isMigrated } from "../repository/schema/migrate.ts";
import type { Build, Terminal } from "./command.ts";
import { openDatabase, type OpenedDatabase } from "./open_database.ts";

/** Opens the configured database. */
export async function openLetterDatabase(terminal: Terminal): Promise<OpenedDatabase> {
  const config = readConfig(terminal.env);
  const logger = createLogger({
    level: "error",
    format: "readable",
    secrets: secretsOf(config),
    write: terminal.print,
  });
  return await openMigrated(config, logger, terminal.build);
}

/** The same, with a given logger. Throws when the tables are missing. */
export async function openMigrated(
  config: Config,
  logger: Logger,
  build: Build,
): Promise<OpenedDatabase> {
  const opened = await openDatabase(config, logger, build);
  try {
    if (await isMigrated(opened.database.sql)) return opened;
    throw new Error(
      "cannot read dead letters: the database lacks the tables of this version; " +
        "run jetstream-indexer migrate",
    );
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}
