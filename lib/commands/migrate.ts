import { readConfig } from "../config.ts";
import { secretsOf } from "../config/secrets.ts";
import { createLogger } from "../log/logger.ts";
import { migrate as applyMigrations } from "../repository/schema/migrate.ts";
import type { Command } from "./command.ts";
import { openDatabase } from "./open_database.ts";
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
  async run(args, { env, print, build }): Promise<number> {
    parseOptions(args, {});
    const config = readConfig(env);
    const logger = createLogger({
      level: "error",
      format: "readable",
      secrets: secretsOf(config),
      write: print,
    });
    await using opened = await openDatabase(config, logger, build);
    const applied = await applyMigrations(opened.database.sql);
    print(applied.length === 0 ? "nothing to apply" : `applied migrations ${applied.join(", ")}`);
    return 0;
  },
};
