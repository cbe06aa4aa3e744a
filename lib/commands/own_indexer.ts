/** An indexer for a command that writes by itself, and follows no stream. */

import type { Config } from "../config.ts";
import { Indexer } from "../indexer.ts";
import type { Logger } from "../log/logger.ts";
import { COLLECTIONS } from "../mapper/collections/registry.ts";
import type { Database } from "../repository/connection/database.ts";
import { Telemetry } from "../server/telemetry/telemetry.ts";
import type { Build } from "./command.ts";

export function ownIndexer(
  config: Config,
  database: Database,
  logger: Logger,
  { version }: Build,
): Indexer {
  const telemetry = new Telemetry({ collections: COLLECTIONS.map(({ nsid }) => nsid), version });
  return new Indexer({ config, database, logger, telemetry, instance: crypto.randomUUID() });
}
