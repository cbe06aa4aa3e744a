/** The database with the dead letters. */

import { isMigrated } from "../repository/schema/migrate.ts";
import type { Terminal } from "./command.ts";
import { type CommandDatabase, commandDatabase } from "./command_database.ts";

/** Opens the configured database. Throws when the tables are missing. */
export async function openDeadLetterDatabase(terminal: Terminal): Promise<CommandDatabase> {
  const opened = await commandDatabase(terminal, terminal.print);
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
