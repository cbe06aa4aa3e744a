/** Which of two account events is newer: within one server its own order decides. */

import assert from "node:assert/strict";
import type { Account, Identity } from "../../../lib/decoder/event.ts";
import { databaseTest, type TestDatabase } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { didOf, SampleEvents } from "../../support/sample_events.ts";

const SCENE = "alice/scene/s1";
const DID = didOf("alice");
const HERE = "one.example/subscribe";
const THERE = "two.example/subscribe";

/** Seconds after the first record, the server's number, the relay's, and the server. */
type Stands = readonly [seconds: number, cursor: number, relaySeq: number, source: string];

interface Case {
  readonly what: string;
  readonly away: Stands;
  readonly back: Stands;
}

const CASES: readonly Case[] = [
  { what: "as ever", away: [1, 11, 101, HERE], back: [6, 12, 102, HERE] },
  { what: "the relay counts anew", away: [1, 11, 4_000_000_123, HERE], back: [6, 12, 512, HERE] },
  {
    what: "the server restarted its numbering",
    away: [1, 9_000, 101, HERE],
    back: [6, 2, 102, HERE],
  },
  { what: "both count anew", away: [1, 9_000, 4_000_000_123, HERE], back: [6, 2, 7, HERE] },
  { what: "its clock is set back", away: [3_601, 11, 101, HERE], back: [6, 12, 102, HERE] },
  { what: "the relay has no numbers", away: [1, 11, 0, HERE], back: [6, 12, 0, HERE] },
  { what: "two servers", away: [1, 11, 101, HERE], back: [6, 4, 102, THERE] },
  { what: "two servers, one behind", away: [31, 11, 101, HERE], back: [6, 4, 102, THERE] },
];

function account(
  [seconds, cursor, relaySeq, source]: Stands,
  active: boolean,
  t0: number,
): Account {
  const position = { cursor, timeUs: t0 + seconds * 1_000_000 };
  const status = active ? null : "deactivated";
  return { kind: "account", did: DID, active, status, relaySeq, source, position };
}

function identity(
  [seconds, cursor, relaySeq, source]: Stands,
  handle: string,
  t0: number,
): Identity {
  const position = { cursor, timeUs: t0 + seconds * 1_000_000 };
  return { kind: "identity", did: DID, handle, relaySeq, source, position };
}

async function write({ writer }: Folded, ...events: (Account | Identity)[]): Promise<string[]> {
  const batch = {
    id: crypto.randomUUID(),
    events,
    cursor: null,
    deadLetters: [],
    fromSource: false,
    lease: null,
  };
  return [...(await writer.write(batch, new AbortController().signal)).outcomes];
}

async function begun(database: TestDatabase): Promise<{ folded: Folded; t0: number }> {
  const events = new SampleEvents();
  const folded = new Folded(database);
  await folded.batch(events.put(SCENE));
  return { folded, t0: events.timeUs };
}

for (const { what, away, back } of CASES) {
  databaseTest(
    `an account that became inactive and active again is active: ${what}`,
    async (database) => {
      const { folded, t0 } = await begun(database);
      const [gone, here] = [account(away, false, t0), account(back, true, t0)];
      assert.deepEqual(await write(folded, gone), ["applied"]);
      assert.deepEqual(await folded.live(SCENE), [false]);
      assert.deepEqual(await write(folded, here), ["applied"]);
      assert.deepEqual(await folded.live(SCENE), [true]);
      const names = [identity(away, "old.example", t0), identity(back, "new.example", t0)];
      await write(folded, ...names);
      const [row] = await database.sql`select handle from accounts where did = ${DID}`;
      assert.equal(row?.["handle"], "new.example");
      // A replay of both, as it was first sent, ends the same.
      await write(folded, gone, here, ...names);
      assert.deepEqual(await folded.live(SCENE), [true]);
      const [after] = await database.sql`select handle from accounts where did = ${DID}`;
      assert.equal(after?.["handle"], "new.example");
    },
  );
}

databaseTest("a late repetition of a single event changes nothing", async (database) => {
  const { folded, t0 } = await begun(database);
  for (const { what, away, back } of CASES.slice(0, 2)) {
    const [gone, here] = [account(away, false, t0), account(back, true, t0)];
    await write(folded, gone, here);
    assert.deepEqual(await write(folded, gone), ["stale"], what);
    assert.deepEqual(await folded.live(SCENE), [true], what);
  }
});
