/** Maps ledger records again as if they came now, and compares the result with what is stored. */

import type { RecordKey } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import type { Refusals } from "./batch.ts";
import { Bodies } from "./record_bodies.ts";
import { differencesOf, type Found } from "./record_difference.ts";
import type { Entry } from "./entry.ts";
import type { WorkingSet } from "./working_set.ts";
import type { Loader } from "./loader.ts";
import type { TransactionSql } from "../connection/sql.ts";

export interface RemappingOptions {
  readonly mapper: Mapper;
  readonly refusals: Refusals;
}

/**
 * Yields the records in parts, with their differences. The records of a part have their bodies until the next
 * part is requested.
 */
export async function* remapped(
  tx: TransactionSql,
  workingSet: WorkingSet,
  loader: Loader,
  { mapper, refusals }: RemappingOptions,
  keys: readonly RecordKey[],
): AsyncGenerator<readonly Found[]> {
  await loader.loadStates(keys);
  const entries = keys.map((key) => workingSet.entry(key)).filter(isKept);
  // All other records are mapped from their bodies, so their earlier content is not needed.
  await loader.load(entries.filter(isRejected).map(({ key }) => key));
  for await (const loaded of new Bodies(tx, workingSet, mapper, refusals, true).load(entries)) {
    // A record whose body is lost stays as it is.
    const part = loaded.filter(({ content }) => content !== null && content.kind !== "deleted");
    // The new mapping may refer to records that the old one did not.
    await loader.follow(part);
    yield await differencesOf(tx, workingSet, mapper, part);
  }
}

function isKept({ stored }: Entry): boolean {
  return stored !== null && stored.state !== "deleted";
}

function isRejected({ stored }: Entry): boolean {
  return stored?.state === "rejected";
}
