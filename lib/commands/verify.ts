/** Verifies the index without changing anything. */

import type { Indexer } from "../indexer.ts";
import { reindex } from "../indexer/reindex.ts";
import type { Collection, RecordKey } from "../mapper/collection.ts";
import { SourceError } from "../pds/source_error.ts";
import type { Database } from "../repository/connection/database.ts";
import { uriOf } from "../repository/fold/entry.ts";
import { sampleRepositories } from "../repository/reconcile/held_repositories.ts";
import { rowsWithoutRecord } from "../repository/tables/row_differences.ts";
import { collectionsOf } from "./collections.ts";
import type { Command, Terminal } from "./command.ts";
import { commandDatabase } from "./command_database.ts";
import { kindOf, Tally } from "./difference_text.ts";
import { parseOptions, wholeNumber } from "./options.ts";
import { ownIndexer } from "./own_indexer.ts";
import { plain } from "./plain.ts";

export const verify: Command = {
  name: "verify",
  summary: "compare tables, ledger and sources",
  help: `usage: jetstream-indexer verify [--sample N]
           [--collection NSID] [--json]

Compares each row of the app's tables with the record in
the ledger that it is made of, and each record with its row.
With a sample, also so many repositories, chosen at random,
with their personal data servers. Changes nothing, and can
run beside a running indexer. Ends with 1 when something
differs.

\`reindex\` puts tables right, \`reconcile\` the ledger. What
the stream is still to bring is missing here too: while the
indexer is behind, a sample differs.

  --sample N          repositories to compare
  --collection NSID   only records and rows of this one
  --json              print one JSON object for each
                      collection and repository

Example:
  jetstream-indexer verify --sample 20`,
  async run(args, terminal): Promise<number> {
    const { values } = parseOptions(args, {
      sample: { type: "string" },
      collection: { type: "string" },
      json: { type: "boolean" },
    });
    const sample = values.sample === undefined ? 0 : wholeNumber(values.sample, "a sample");
    const collections = collectionsOf(values.collection);
    const asJson = values.json === true;
    await using opened = await commandDatabase(terminal);
    const { config, database, logger } = opened;
    const indexer = ownIndexer(config, database, logger, terminal.build);
    let differing = 0;
    for (const collection of collections) {
      differing += await verifyCollection(collection, { indexer, database, terminal, asJson });
    }
    const dids = sample === 0 ? [] : await sampleRepositories(database.sql, sample);
    for (const did of dids) {
      if (!await isAsAtSource(did, { indexer, terminal, asJson })) differing++;
    }
    return differing > 0 || terminal.stop.aborted ? 1 : 0;
  },
};

interface Verifying {
  readonly indexer: Indexer;
  readonly terminal: Terminal;
  readonly asJson: boolean;
}

/** Examples of differences, for each collection. */
const EXAMPLES = 10;

/** Returns how many records differ. */
async function verifyCollection(
  collection: Collection,
  { indexer, database, terminal, asJson }: Verifying & { readonly database: Database },
): Promise<number> {
  const { nsid } = collection;
  const tally = new Tally();
  const examples: { readonly uri: string; readonly what: string }[] = [];
  const note = (key: RecordKey, what: string): void => {
    tally.add(what);
    if (examples.length < EXAMPLES) examples.push({ uri: uriOf(key), what });
  };
  const ended = await reindex(collection, {
    sql: () => database.sql,
    remap: (keys) => indexer.remaps.inspect(keys),
    dryRun: true,
    advanced: (_, differences) => differences.forEach((one) => note(one.key, kindOf(one))),
  }, terminal.stop);
  const stray = await database.sql.unsafe<RecordKey[]>(rowsWithoutRecord(collection));
  for (const key of stray) note(key, "a live row without a matching record");
  const records = ended?.done ?? 0;
  if (asJson) {
    const { total: differing } = tally;
    const by = tally.byKind();
    terminal.print(JSON.stringify({ collection: nsid, records, differing, by, examples }));
    return tally.total;
  }
  terminal.print(
    `${nsid}: ${records} records, ${tally.total === 0 ? "all right" : `${tally.total} differ`}`,
  );
  for (const line of tally.lines()) terminal.print(line);
  for (const { uri, what } of examples) terminal.print(plain(`    ${uri}: ${what}`));
  return tally.total;
}

async function isAsAtSource(
  did: string,
  { indexer, terminal: { print, stop }, asJson }: Verifying,
): Promise<boolean> {
  try {
    const found = await indexer.reconciles.inspect(did, stop);
    const { records, put, deleted, host } = found;
    const isSame = put + deleted === 0;
    const differs = isSame
      ? "all right"
      : `${put} missing or different here, ${deleted} deleted there`;
    if (asJson) print(JSON.stringify({ did, ...found }));
    else print(plain(`${did}: ${records} records at ${host}, ${differs}`));
    return isSame;
  } catch (error) {
    if (stop.aborted || !(error instanceof SourceError)) throw error;
    const { failure, message, standing } = error;
    print(asJson ? JSON.stringify({ did, failure, message }) : plain(`${did}: ${message}`));
    // Only active accounts are compared.
    return standing === null;
  }
}
