/** How many rows of the ledger a batch reads, by Postgres' own count: the same number for any size of the ledger. */

import assert from "node:assert/strict";
import { connect, terminate } from "../../lib/repository/connection/connection.ts";
import type { TransactionSql } from "../../lib/repository/connection/sql.ts";
import { databaseTest } from "../support/database.ts";
import { Folded } from "../support/folded.ts";
import type { JetstreamEvent } from "../support/jetstream/stored_event.ts";
import { didOf, SampleEvents, uriOf } from "../support/sample_events.ts";
import { type Watch, watched } from "../support/watched_transactions.ts";

const FEW = [0, 1, 2, 3, 4];
const MANY = 600;
/** A query that reads a whole collection reads at least `MANY` rows. */
const MOST = MANY / 2;

/** Rows of the ledger that a session has read and not yet reported, in this transaction or shortly before. */
async function ledgerReads(tx: TransactionSql): Promise<number> {
  const [row] = await tx<{ reads: number }[]>`
    select (idx_tup_fetch + seq_tup_read)::float8 as reads
    from pg_stat_xact_user_tables where relname = 'records'`;
  return row?.reads ?? 0;
}

/** Tells how many rows of the ledger each transaction has read. */
function counting(tell: (reads: number) => void): Watch {
  return async (tx, run) => {
    const before = await ledgerReads(tx);
    const result = await run(tx);
    tell(await ledgerReads(tx) - before);
    return result;
  };
}

/** Events of every kind that causes queries to the ledger. */
function batchOf(events: SampleEvents, n: number): JetstreamEvent[] {
  const sceneId = uriOf("alice/scene/s");
  return [
    ...FEW.map((i) => events.put(`asks${i}/membership/m${n}`, { sceneId })),
    ...FEW.map((i) => events.put(`owner${i}/scene/own${n}`)),
    ...FEW.map((i) => events.put(`bare${i}/post/p${n}`, { sceneId: "s" })),
    ...FEW.map((i) => events.put(`full${i}/post/p${n}`, { sceneId })),
    ...FEW.map((i) => {
      const member = didOf(`asks${i}`);
      return events.put(`alice/membership/d${i}x${n}`, { sceneId, member, status: "active" });
    }),
  ];
}

/** Changes of what `batchOf` brought. */
function changesOf(events: SampleEvents, n: number): JetstreamEvent[] {
  const active = n % 2 === 0;
  return [
    ...FEW.map((i) => events.delete(`owner${i}/scene/own${n}`)),
    ...FEW.map((i) => events.put(`bare${i}/post/p${n}`, { sceneId: "s", text: "changed" })),
    ...FEW.map((i) => events.account(`full${i}`, active, active ? undefined : "deactivated")),
    events.delete(`asks0/membership/m${n}`),
  ];
}

databaseTest(
  "a batch reads as few rows of a large ledger, also with plans made while it was empty",
  async ({ url }) => {
    // One connection, whose plans are kept.
    const sql = connect(url, { max: 1, applicationName: "tests" });
    try {
      let reads = 0;
      const folded = new Folded({ sql: watched(sql, counting((counted) => reads = counted)) });
      const events = new SampleEvents();
      await folded.batch(events.put("alice/scene/s"));
      for (const n of [1, 2]) {
        for (const make of [batchOf, changesOf]) await folded.batch(...make(events, n));
      }
      for (const kind of ["scene", "membership", "post"]) {
        const records = Array.from({ length: MANY }, (_, i) => `other${i}/${kind}/x`);
        await folded.batch(
          ...records.map((record, i) =>
            events.put(record, kind === "scene" ? {} : { sceneId: uriOf(`other${i}/scene/x`) })
          ),
        );
      }
      for (const make of [batchOf, changesOf]) {
        await folded.batch(...make(events, 3));
        assert.ok(reads > 0 && reads < MOST, `${make.name}: ${reads} rows were read`);
      }
    } finally {
      await terminate(sql);
    }
  },
);
