/** How many rows a batch reads, by Postgres' own count: as many however much the tables hold. */

import assert from "node:assert/strict";
import type { Sql, TransactionSql } from "../lib/repository/sql.ts";
import { connect, terminate } from "../lib/repository/connection.ts";
import { databaseTest } from "./database.ts";
import { Folded } from "./folded.ts";
import type { JetstreamEvent } from "./jetstream/stored_event.ts";
import { didOf, SampleEvents, uriOf } from "./sample_events.ts";

const FEW = [0, 1, 2, 3, 4];
const MANY = 600;
const ROUNDS = 6;
/** Each event has some statements of its own; what reads a table reads `MANY` rows and more. */
const MOST = MANY / 2;

type Reads = Readonly<Record<string, number>>;

/**
 * Rows that a session has read and not yet reported, by table: of this transaction, and of those shortly
 * before. Rows of memberships are read by triggers too.
 */
async function readRows(tx: TransactionSql): Promise<Reads> {
  const rows = await tx<{ name: string; reads: number }[]>`
    select relname::text as name, (idx_tup_fetch + seq_tup_read)::float8 as reads
    from pg_stat_xact_user_tables
    where idx_tup_fetch is not null and relname not in ('indexer_state', 'memberships')`;
  return Object.fromEntries(rows.map(({ name, reads }) => [name, reads]));
}

/** Tells of each transaction what it has read, by table. */
function counting(sql: Sql, tell: (reads: Reads) => void): Sql {
  const begin: Sql["begin"] = (run) =>
    sql.begin(async (tx) => {
      const before = await readRows(tx);
      const result = await run(tx);
      const after = Object.entries(await readRows(tx));
      tell(Object.fromEntries(after.map(([name, reads]) => [name, reads - (before[name] ?? 0)])));
      return result;
    });
  return new Proxy(sql, {
    get: (target, name) => name === "begin" ? begin : Reflect.get(target, name),
  });
}

/** Events of every kind that asks the ledger something. */
function batchOf(events: SampleEvents, n: number): JetstreamEvent[] {
  return [
    ...FEW.map((i) => events.put(`asks${i}/membership/m${n}`, { sceneId: uriOf("alice/scene/s") })),
    ...FEW.map((i) => events.put(`owner${i}/scene/own${n}`)),
    ...FEW.map((i) => events.put(`bare${i}/post/p${n}`, { sceneId: "s" })),
    ...FEW.map((i) => events.put(`full${i}/post/p${n}`, { sceneId: uriOf("alice/scene/s") })),
    ...FEW.map((i) =>
      events.put(`alice/membership/d${i}x${n}`, {
        sceneId: uriOf("alice/scene/s"),
        member: didOf(`asks${i}`),
        status: "active",
      })
    ),
  ];
}

/** Changes of what `batchOf` brought. */
function changesOf(events: SampleEvents, n: number): JetstreamEvent[] {
  return [
    ...FEW.map((i) => events.delete(`owner${i}/scene/own${n}`)),
    ...FEW.map((i) => events.put(`bare${i}/post/p${n}`, { sceneId: "s", text: "changed" })),
    ...FEW.map((i) =>
      events.account(`full${i}`, n % 2 === 0, n % 2 === 0 ? undefined : "deactivated")
    ),
    events.delete(`asks0/membership/m${n}`),
  ];
}

databaseTest(
  "a batch reads no more rows in large tables, also by plans that were made while they were empty",
  async ({ url }) => {
    // One connection, whose plans are kept.
    const sql = connect(url, { max: 1, applicationName: "tests" });
    try {
      let reads: Reads = {};
      const folded = new Folded({ sql: counting(sql, (counted) => reads = counted) });
      const events = new SampleEvents();
      await folded.batch(events.put("alice/scene/s"));
      for (const n of [1, 2]) {
        for (const make of [batchOf, changesOf]) await folded.batch(...make(events, n));
      }
      const fills = Array.from({ length: ROUNDS }, () => ["scene", "membership", "post"]).flat();
      for (const [fill, kind] of fills.entries()) {
        const records = Array.from({ length: MANY }, (_, i) => `other${i}/${kind}/${kind}${fill}`);
        await folded.batch(
          ...records.map((record, i) =>
            events.put(record, kind === "scene" ? {} : { sceneId: uriOf(`other${i}/scene/scene0`) })
          ),
        );
      }
      for (const make of [batchOf, changesOf]) {
        await folded.batch(...make(events, 3));
        assert.ok(Object.keys(reads).length > 0, "nothing was counted");
        for (const [table, rows] of Object.entries(reads)) {
          assert.ok(rows < MOST, `${make.name}: ${rows} rows of ${table} were read`);
        }
      }
    } finally {
      await terminate(sql);
    }
  },
);
