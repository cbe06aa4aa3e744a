/** Compares repositories with their source on request. */

import type { Indexer } from "../indexer.ts";
import { SourceError } from "../pds/source_error.ts";
import { requestAll } from "../repository/reconcile/reconcile_requests.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { commandDatabase } from "./command_database.ts";
import { ownIndexer } from "./own_indexer.ts";
import { parseOptions } from "./options.ts";

export const reconcile: Command = {
  name: "reconcile",
  summary: "compare repositories with their source",
  help: `usage: jetstream-indexer reconcile DID… [--json]
       jetstream-indexer reconcile --all [--json]

Reads each repository from its personal data server,
verifies its signature, and writes the differences to the
tables, as if the stream had brought them. The indexer may
be running. Exits with 1 when a repository could not be
read.

  --all    queue every repository with stored records, for
           the running indexer
  --json   print one JSON object for each repository

Example:
  jetstream-indexer reconcile did:web:venue.example`,
  async run(args, terminal): Promise<number> {
    const { values, words } = parseOptions(args, {
      all: { type: "boolean" },
      json: { type: "boolean" },
    }, { words: true });
    if ((words.length > 0) === (values.all === true)) {
      throw new UsageError("reconcile takes DIDs, or --all");
    }
    await using opened = await commandDatabase(terminal);
    const { config, database, logger } = opened;
    if (values.all) {
      const count = await requestAll(database.sql, "asked");
      terminal.print(values.json ? JSON.stringify({ queued: count }) : `queued ${count}`);
      return 0;
    }
    const indexer = ownIndexer(config, database, logger, terminal.build);
    let failed = 0;
    for (const did of words) {
      if (!await reconcileOne(did, indexer, terminal, values.json === true)) failed++;
      if (terminal.stop.aborted) return 1;
    }
    return failed > 0 ? 1 : 0;
  },
};

async function reconcileOne(
  did: string,
  indexer: Indexer,
  { print, complain, stop }: Terminal,
  asJson: boolean,
): Promise<boolean> {
  try {
    const found = await indexer.reconciles.one(did, stop);
    const { records, put, deleted, host, verified } = found;
    print(
      asJson
        ? JSON.stringify({ did, ...found })
        : `${did}: ${records} records at ${host}${verified ? "" : " (listed, not verified)"}, ` +
          `${put} put, ${deleted} deleted`,
    );
    return true;
  } catch (error) {
    if (stop.aborted || !(error instanceof SourceError)) throw error;
    const { failure, message } = error;
    if (asJson) print(JSON.stringify({ did, failure, message }));
    else complain(message);
    return false;
  }
}
