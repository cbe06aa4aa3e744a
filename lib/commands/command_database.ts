/** Settings and database for a command that follows no stream: its log shows errors only. */

import { type Config, readConfig } from "../config.ts";
import { secretsOf } from "../config/secrets.ts";
import { createLogger, type Logger } from "../log/logger.ts";
import type { Terminal } from "./command.ts";
import { openDatabase, type OpenedDatabase } from "./open_database.ts";

export interface CommandDatabase extends OpenedDatabase {
  readonly config: Config;
  readonly logger: Logger;
}

/** Opens it. `write` takes the lines of the log. Throws a `ConfigError` for invalid settings. */
export async function commandDatabase(
  { env, build, complain }: Terminal,
  write: (line: string) => void = complain,
): Promise<CommandDatabase> {
  const config = readConfig(env);
  const logger = createLogger({
    level: "error",
    format: "readable",
    secrets: secretsOf(config),
    write,
  });
  return { ...await openDatabase(config, logger, build), config, logger };
}
