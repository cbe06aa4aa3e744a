/** Account and identity events as servers write them: `active` decides, whatever their other fields. */

import assert from "node:assert/strict";
import { retryBatch } from "../../../lib/repository/dead_letters/retry_batch.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { didOf, SampleEvents } from "../../support/sample_events.ts";

const SCENE = "alice/scene/s1";

/** Statuses of servers: namespaced, several words, empty, and not text. */
const STATUSES: readonly (readonly [status: unknown, kept: string | null])[] = [
  ["com.atproto.admin.defs#frozen", "com.atproto.admin.defs#frozen"],
  ["taken down", "taken down"],
  ["moderation:review.pending", "moderation:review.pending"],
  ["suspended", "suspended"],
  ["", null],
  [" ", null],
  ["a\nb", null],
  ["a\u0000b", null],
  ["\ud800", null],
  ["x".repeat(5_000), null],
  ["at 52.520008, 13.404954", null],
  ["u33dc0cpnwhe", null],
  [null, null],
  [5, null],
  [{ reason: "frozen" }, null],
];

databaseTest(
  "an account is hidden and returns as `active` says, whatever its status is",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    for (const [status, kept] of STATUSES) {
      for (const active of [false, true]) {
        const { did, time_us } = events.account("alice", active);
        const account = { did, active, status, seq: time_us, time: "2026-01-01T00:00:00Z" };
        const event = { did, time_us: time_us!, kind: "account" as const, account };
        assert.deepEqual(await folded.batch(event), ["applied"], JSON.stringify(status));
        assert.deepEqual(await folded.live(SCENE), [active], JSON.stringify(status));
        const [row] = await database.sql<{ status: string | null }[]>`
          select status from accounts where did = ${did}`;
        assert.equal(row?.status, kept, JSON.stringify(status));
      }
    }
    assert.deepEqual(await folded.openDeadLetterIds(), []);
  },
);

/** Invalid identity and account events of one account. */
function broken(did: string, timeUs: number): string[] {
  const of = (kind: string, body: unknown): string =>
    JSON.stringify({ did, time_us: timeUs, kind, [kind]: body });
  return [
    of("account", { did, seq: 1 }),
    of("account", { did, seq: 2, active: "no" }),
    of("account", undefined),
    of("identity", { did, seq: 3, handle: ["a.example"] }),
    of("identity", { did, seq: 4, handle: 5 }),
    JSON.stringify({ did, kind: "identity", identity: { did, handle: "a.example" } }),
  ];
}

databaseTest(
  "invalid account and identity events of accounts without stored records are counted, not stored",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE));
    const frames = [...broken(didOf("stranger"), events.timeUs), ...broken("nobody", 1)];
    assert.deepEqual(await folded.batch(...frames), frames.map(() => "ignored"));
    assert.equal(await folded.count("dead_letters"), 0);
  },
);

databaseTest(
  "for an account with stored records, each becomes a dead letter with its DID that can't be retried",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const record = events.put(SCENE);
    const frames = broken(didOf("alice"), events.timeUs);
    // The record comes with the first of them, in the same batch.
    const outcomes = await folded.batch(record, ...frames, ...frames);
    assert.deepEqual(outcomes.slice(1), [
      ...frames.map(() => "dead_letter"),
      ...frames.map(() => "duplicate"),
    ]);
    const rows = await database.sql<{ did: string; rkey: string | null }[]>`
      select did, rkey from dead_letters`;
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      frames.map(() => ({ did: didOf("alice"), rkey: null })),
    );
    const ids = await database.sql<{ id: number }[]>`select id::float8 as id from dead_letters`;
    const batch = await retryBatch(database.sql, ids.map(({ id }) => id));
    assert.deepEqual(batch.events, []);
  },
);
