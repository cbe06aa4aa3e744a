/** Maps the ledger again, after a change of the mapper. */

import type { Collection } from "../mapper/collection.ts";
import { reindex as reindexCollection } from "../indexer/reindex.ts";
import { allBut, type MappedRecords } from "../repository/reconcile/mappings.ts";
import { coarsenDeadLetters, coarsenHiddenRows } from "../repository/batch/stored_places.ts";
import { collectionsOf } from "./collections.ts";
import type { Command, Terminal } from "./command.ts";
import { commandDatabase } from "./command_database.ts";
import { kindOf, Tally } from "./difference_text.ts";
import { parseOptions } from "./options.ts";
import { ownIndexer } from "./own_indexer.ts";

export const reindex: Command = {
  name: "reindex",
  summary: "map stored records again",
  help: `usage: jetstream-indexer reindex [--dry-run]
           [--collection NSID] [--json]

Maps the records in the ledger again, without the network,
and writes what comes out differently. Removes places that
an older version kept, from all records, rows and dead
letters. \`*\` stands for collections without a table.
Needed after an update that changes what records
are mapped to, or which places are removed; the log says so
at the start. Can run beside a running indexer of the
same version, and goes on where it was stopped.

  --dry-run           write nothing: say what would change.
                      Records that would follow others are
                      not counted
  --collection NSID   only records of this collection
  --json              print one JSON object for each
                      collection, and one for dead letters

Example:
  jetstream-indexer reindex --dry-run`,
  async run(args, terminal): Promise<number> {
    const { values } = parseOptions(args, {
      "dry-run": { type: "boolean" },
      collection: { type: "string" },
      json: { type: "boolean" },
    });
    const collections = collectionsOf(values.collection);
    const isAll = values.collection === undefined;
    const dryRun = values["dry-run"] === true;
    await using opened = await commandDatabase(terminal);
    const { config, database, logger } = opened;
    const { remaps } = ownIndexer(config, database, logger, terminal.build);
    const places = { dryRun, signal: terminal.stop };
    const words = dryRun ? "would change" : "changed";
    const stopped = (): number => {
      terminal.complain("stopped: the next reindex continues here");
      return 1;
    };
    // First, so that no retry brings a place back into a record that was mapped again.
    const letters = isAll ? await coarsenDeadLetters(database.sql, places) : null;
    if (terminal.stop.aborted) return stopped();
    const all: readonly (Collection | MappedRecords)[] = isAll
      ? [...collections, allBut(collections)]
      : collections;
    for (const collection of all) {
      const tally = new Tally();
      const tell = progressOf(collection.nsid, terminal);
      const ended = await reindexCollection(collection, {
        sql: () => database.sql,
        remap: (keys, signal) => dryRun ? remaps.inspect(keys) : remaps.write(keys, signal),
        dryRun,
        lastly: async () => {
          if (!("table" in collection)) return 0;
          const { changed } = await coarsenHiddenRows(database.sql, collection, places);
          if (changed > 0) tally.add("a place in a hidden row", changed);
          return changed;
        },
        advanced: ({ done, changed }, differences) => {
          for (const difference of differences) tally.add(kindOf(difference));
          tell(done, changed);
        },
      }, terminal.stop);
      if (ended === null) return stopped();
      const { nsid } = collection;
      const { done: records, changed } = ended;
      if (values.json) {
        terminal.print(JSON.stringify({ collection: nsid, records, changed, by: tally.byKind() }));
      } else {
        terminal.print(`${nsid}: ${records} records, ${changed} ${words}`);
        for (const line of tally.lines()) terminal.print(line);
      }
    }
    if (letters !== null) {
      const { done, changed } = letters;
      if (values.json) terminal.print(JSON.stringify({ dead_letters: done, changed }));
      else terminal.print(`dead letters: ${done}, ${changed} ${words}`);
    }
    return 0;
  },
};

const TELL_EACH_MS = 5_000;

/** Prints the progress periodically. */
function progressOf(
  nsid: string,
  { complain }: Terminal,
): (done: number, changed: number) => void {
  let toldAt = performance.now();
  return (done, changed) => {
    const now = performance.now();
    if (now - toldAt < TELL_EACH_MS) return;
    toldAt = now;
    complain(`${nsid}: ${done} records so far, ${changed} changed`);
  };
}
