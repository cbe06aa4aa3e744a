/** The collections that a command line names. */

import type { Collection } from "../mapper/collection.ts";
import { COLLECTIONS } from "../mapper/collections/registry.ts";
import { didYouMean } from "../spelling.ts";
import { UsageError } from "./command.ts";

/** The collection of that name; without a name all, parents first. */
export function collectionsOf(name: string | undefined): readonly Collection[] {
  if (name === undefined) return COLLECTIONS;
  const found = COLLECTIONS.filter(({ nsid }) => nsid === name);
  if (found.length > 0) return found;
  const hint = didYouMean(name, COLLECTIONS.map(({ nsid }) => nsid));
  throw new UsageError(`there is no table for ${JSON.stringify(name)}${hint}`);
}
