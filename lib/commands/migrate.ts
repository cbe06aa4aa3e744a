import { migrate as applyMigrations } from "../repository/schema/migrate.ts";
import { commandDatabase } from "./command_database.ts";
import type { Command } from "./command.ts";
import { parseOptions } from "./options.ts";

export const migrate: Command = {
  name: "migrate",
  summary: "bring the database to this version's schema",
  help: `usage: jetstream-indexer migrate

Applies missing migrations under a lock, in one
transaction. \`run\` does the same at its start; this
command is for deployments in steps.

Example:
  DATABASE_URL=$OWNER_URL jetstream-indexer migrate`,
  async run(args, terminal): Promise<number> {
    parseOptions(args, {});
    await using opened = await commandDatabase(terminal, terminal.print);
    const applied = await applyMigrations(opened.database.sql);
    terminal.print(
      applied.length === 0 ? "nothing to apply" : `applied migrations ${applied.join(", ")}`,
    );
    return 0;
  },
};
