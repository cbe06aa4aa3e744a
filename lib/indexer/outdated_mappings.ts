/** Warns at the start when records were mapped by another version of the mapper. */

import type { Logger } from "../log/logger.ts";
import { COLLECTIONS } from "../mapper/collections/registry.ts";
import type { Database } from "../repository/connection/database.ts";
import { allBut, outdatedMappings } from "../repository/reconcile/mappings.ts";

interface Options {
  readonly database: Database;
  readonly logger: Logger;
  /** When a database query counts as unanswered, milliseconds. */
  readonly silentMs: number;
}

/**
 * Runs before the first batch, so that an empty database is marked as mapped by this version. Never rejects.
 */
export async function warnOutdatedMappings(
  { database, logger, silentMs }: Options,
  signal: AbortSignal,
): Promise<void> {
  try {
    const outdated = await database.ask(
      (sql) => outdatedMappings(sql, [...COLLECTIONS, allBut(COLLECTIONS)]),
      { silentMs, signal },
    );
    if (outdated.length === 0) return;
    logger.warn("records were mapped by another version: run the command reindex", {
      collections: outdated.map(({ collection }) => collection),
    });
  } catch (error) {
    if (!signal.aborted) logger.warn("cannot tell whether a reindex is needed", { error });
  }
}
