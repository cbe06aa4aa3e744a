/** Maps records of the ledger again, as if they came now, and compares that with what is stored. */

import type { RecordKey } from "../mapper/collection.ts";
import type { Mapper } from "../mapper/content.ts";
import type { Mentions } from "../mapper/link.ts";
import type { Refusals } from "./batch.ts";
import { Bodies } from "./bodies.ts";
import { differencesOf, type Found } from "./difference.ts";
import type { Entry } from "./fold/entry.ts";
import type { World } from "./fold/world.ts";
import type { Loader } from "./load.ts";
import type { TransactionSql } from "./sql.ts";

export interface RemappingOptions {
  readonly mapper: Mapper;
  readonly refusals: Refusals;
}

/** Some records in parts, with what differs. Those of a part have their bodies until the next is asked for. */
export async function* remapped(
  tx: TransactionSql,
  world: World,
  loader: Loader,
  { mapper, refusals }: RemappingOptions,
  keys: readonly RecordKey[],
): AsyncGenerator<readonly Found[]> {
  await loader.load(keys);
  const entries = keys.map((key) => world.entry(key)).filter(isKept);
  for await (const part of new Bodies(tx, world, mapper, refusals, true).load(entries)) {
    // What a record says about others may be known only now.
    await loader.follow(part.flatMap(mentionsOf));
    yield await differencesOf(tx, world, mapper, part);
  }
}

function isKept({ stored, content }: Entry): boolean {
  return stored !== null && stored.state !== "deleted" && content !== null;
}

function mentionsOf({ key: { did, collection }, content }: Entry): Mentions[] {
  if (content?.kind !== "mapped") return [];
  return [{ author: did, collection, links: content.links, about: content.about }];
}
