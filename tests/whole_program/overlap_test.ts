/**
 * Batches that depend on the previous one: wherever a stream is cut, and whatever is done with the
 * next batch while one is stored, tables and counts are as if each event had been folded alone.
 */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { assertFolded, countsAfter, numberedStream } from "../support/crash/stream.ts";
import { databaseTest } from "../support/database.ts";
import { seeded } from "../support/fresh_seeds.ts";
import { uriOf } from "../support/model/address.ts";
import { readFrame } from "../support/model/frame.ts";
import { ALICE, BOB, MALLORY, Script } from "../support/model/frames.ts";
import { runInBatches, SIZES } from "../support/small_batches.ts";
import { systemOn } from "../support/system.ts";

const SCENE = { name: "Basement" };
const NIGHT = { name: "Night", sceneId: "s1", startsAt: "2026-09-01T20:00:00Z" };
const NAMES: Readonly<Record<string, string>> = {
  [ALICE]: "alice",
  [BOB]: "bob",
  [MALLORY]: "mallory",
};
const S1 = uriOf(ALICE, "app.subcult.scene", "s1");
const E1 = uriOf(ALICE, "app.subcult.event", "e1");

/** The expected result: states by author and rkey, and the reasons of the open dead letters. */
interface End {
  readonly states: Readonly<Record<string, string>>;
  readonly letters?: readonly string[];
}

/** Plays ten events or fewer in batches of every size, on tables that are empty each time. */
function overlapTest(name: string, frames: (script: Script) => string[], end: End): void {
  databaseTest(name, async ({ url, sql }) => {
    const plain = frames(new Script());
    assert.ok(plain.length <= SIZES.length, "some boundary is never met");
    for (const size of SIZES.slice(0, plain.length)) {
      await systemOn(sql).reset();
      const { sent, counts } = await runInBatches(plain, { databaseUrl: url, size });
      const context = `in batches of ${size}`;
      assert.deepEqual(counts, countsAfter(sent), context);
      await assertFolded(sql, sent);
      assert.deepEqual(await states(sql), end.states, context);
      assert.deepEqual(await openDeadLetterIds(sql), end.letters ?? [], context);
    }
  });
}

async function states(sql: Sql): Promise<Record<string, string>> {
  const rows = await sql<{ did: string; rkey: string; state: string }[]>`
    select did, rkey, state from records where collection <> 'app.subcult.badge'`;
  return Object.fromEntries(rows.map(({ did, rkey, state }) => [`${NAMES[did]} ${rkey}`, state]));
}

async function openDeadLetterIds(sql: Sql): Promise<string[]> {
  const rows = await sql<{ reason: string }[]>`
    select reason from dead_letters where resolved_at is null order by reason`;
  return rows.map(({ reason }) => reason);
}

overlapTest("a child comes in the batch after its parent", (script) => [
  script.commit(ALICE, "scene", "s1", SCENE),
  script.commit(ALICE, "event", "e1", NIGHT),
  script.commit(BOB, "post", "p1", { text: "hi", eventId: E1, sceneId: S1 }),
  script.commit(ALICE, "stream", "live", { roomName: "room", eventId: "e1" }),
], {
  states: {
    "alice s1": "applied",
    "alice e1": "applied",
    "bob p1": "applied",
    "alice live": "applied",
  },
});

overlapTest("a parent comes in the batch after its children, three deep", (script) => [
  script.commit(BOB, "post", "p1", { text: "hi", eventId: E1 }),
  script.commit(ALICE, "stream", "live", { roomName: "room", eventId: "e1" }),
  script.commit(ALICE, "event", "e1", NIGHT),
  script.commit(BOB, "post", "p2", { text: "hi", eventId: E1, sceneId: S1 }),
  script.commit(ALICE, "scene", "s1", SCENE),
], {
  states: {
    "bob p1": "applied",
    "alice live": "applied",
    "alice e1": "applied",
    "bob p2": "applied",
    "alice s1": "applied",
  },
});

overlapTest("a record is created, deleted and created again, and its child with it", (script) => [
  script.commit(ALICE, "scene", "s1", SCENE),
  script.commit(BOB, "post", "p1", { text: "one", sceneId: S1 }),
  script.commit(ALICE, "scene", "s1", null),
  script.commit(BOB, "post", "p2", { text: "between", sceneId: S1 }),
  script.commit(ALICE, "scene", "s1", { name: "Again" }),
  script.commit(BOB, "post", "p1", null),
  script.commit(BOB, "post", "p1", { text: "two", sceneId: S1 }),
  script.commit(ALICE, "scene", "s2", SCENE),
  script.commit(ALICE, "scene", "s2", null),
], {
  states: {
    "alice s1": "applied",
    "bob p1": "applied",
    "bob p2": "applied",
    "alice s2": "deleted",
  },
});

overlapTest(
  "a delete comes before its create, and an older revision after a newer one",
  (script) => {
    const old = script.commit(ALICE, "scene", "s2", { name: "Old" });
    const created = script.commit(ALICE, "scene", "s1", SCENE);
    const deleted = script.commit(ALICE, "scene", "s1", null);
    const newer = script.commit(ALICE, "scene", "s2", { name: "New" });
    return [deleted, created, newer, old, deleted, newer, created, old];
  },
  { states: { "alice s1": "deleted", "alice s2": "applied" } },
);

overlapTest(
  "a run of events is repeated, across the boundary of batches and within one",
  (script) => {
    const run = [
      script.commit(ALICE, "scene", "s1", SCENE),
      script.commit(ALICE, "scene", "s1", { name: "Changed" }),
      script.commit(ALICE, "event", "e1", NIGHT),
      script.commit(ALICE, "event", "e1", { ...NIGHT, startsAt: "tomorrow" }),
    ];
    return [...run, ...run];
  },
  { states: { "alice s1": "applied", "alice e1": "rejected" }, letters: ["invalid_time"] },
);

overlapTest("an account is deactivated between two records, and comes back", (script) => [
  script.commit(ALICE, "scene", "s1", SCENE),
  script.commit(BOB, "post", "p1", { text: "one", sceneId: S1 }),
  script.account(ALICE, "deactivated"),
  script.commit(ALICE, "event", "e1", NIGHT),
  script.commit(BOB, "post", "p2", { text: "two", sceneId: S1 }),
  script.account(BOB, "suspended"),
  script.account(ALICE, null),
  script.commit(BOB, "post", "p3", { text: "three", eventId: E1 }),
  script.account(BOB, null),
  script.commit(ALICE, "scene", "s2", SCENE),
], {
  states: {
    "alice s1": "applied",
    "bob p1": "applied",
    "alice e1": "applied",
    "bob p2": "applied",
    "bob p3": "applied",
    "alice s2": "applied",
  },
});

overlapTest("an account is deactivated and stays so", (script) => [
  script.commit(ALICE, "scene", "s1", SCENE),
  script.account(ALICE, "takendown"),
  script.commit(BOB, "post", "p1", { text: "one", sceneId: S1 }),
  script.commit(ALICE, "scene", "s1", { name: "Changed" }),
  script.commit(BOB, "post", "p2", { text: "two", sceneId: S1 }),
], { states: { "alice s1": "suppressed", "bob p1": "waiting", "bob p2": "waiting" } });

overlapTest(
  "an account that the stream reports as deleted returns before its source confirms the deletion",
  (script) => [
    script.commit(ALICE, "scene", "s1", SCENE),
    script.commit(ALICE, "event", "e1", NIGHT),
    script.commit(BOB, "post", "p1", { text: "one", eventId: E1 }),
    script.account(ALICE, "deleted"),
    script.commit(BOB, "post", "p2", { text: "two", sceneId: S1 }),
    script.account(ALICE, null),
    script.commit(BOB, "post", "p3", { text: "three", sceneId: S1 }),
    script.commit(ALICE, "scene", "s1", { name: "Again" }),
  ],
  {
    states: {
      "alice s1": "applied",
      "alice e1": "applied",
      "bob p1": "applied",
      "bob p2": "applied",
      "bob p3": "applied",
    },
  },
);

overlapTest("the first batch's cascade changes what the second one refers to", (script) => [
  script.commit(ALICE, "scene", "s1", SCENE),
  script.commit(ALICE, "event", "e1", NIGHT),
  script.commit(BOB, "post", "p1", { text: "one", eventId: E1 }),
  script.commit(ALICE, "scene", "s1", null),
  script.commit(BOB, "post", "p2", { text: "two", eventId: E1 }),
  script.commit(BOB, "post", "p1", { text: "moved", sceneId: S1 }),
  script.commit(ALICE, "event", "e1", { ...NIGHT, name: "Changed" }),
], {
  states: {
    "alice s1": "deleted",
    "alice e1": "waiting",
    "bob p1": "waiting",
    "bob p2": "waiting",
  },
});

overlapTest("a bare reference becomes ambiguous, and clear again", (script) => [
  script.commit(ALICE, "scene", "s1", SCENE),
  script.commit(BOB, "post", "p1", { text: "one", sceneId: "s1" }),
  script.commit(MALLORY, "scene", "s1", SCENE),
  script.commit(BOB, "post", "p2", { text: "two", sceneId: "s1" }),
  script.account(MALLORY, "suspended"),
  script.commit(BOB, "post", "p3", { text: "three", sceneId: "s1" }),
  script.account(MALLORY, null),
  script.commit(ALICE, "scene", "s1", null),
  script.commit(BOB, "post", "p4", { text: "four", sceneId: "s1" }),
], {
  states: {
    "alice s1": "deleted",
    "mallory s1": "applied",
    "bob p1": "applied",
    "bob p2": "applied",
    "bob p3": "applied",
    "bob p4": "applied",
  },
});

overlapTest("a bare reference means the author's own record as soon as there is one", (script) => [
  script.commit(ALICE, "scene", "s1", SCENE),
  script.commit(BOB, "post", "p1", { text: "one", sceneId: "s1" }),
  script.commit(BOB, "scene", "s1", SCENE),
  script.commit(BOB, "post", "p2", { text: "two", sceneId: "s1" }),
  script.commit(BOB, "scene", "s1", null),
  script.commit(BOB, "post", "p3", { text: "three", sceneId: "s1" }),
], {
  states: {
    "alice s1": "applied",
    "bob s1": "deleted",
    "bob p1": "waiting",
    "bob p2": "waiting",
    "bob p3": "waiting",
  },
});

overlapTest("a bare reference to an event follows the states of the events' scenes", (script) => [
  script.commit(ALICE, "scene", "s1", SCENE),
  script.commit(MALLORY, "scene", "s2", SCENE),
  script.commit(ALICE, "event", "e1", NIGHT),
  script.commit(MALLORY, "event", "e1", { ...NIGHT, sceneId: "s2" }),
  script.commit(BOB, "post", "p1", { text: "one", eventId: "e1" }),
  script.commit(MALLORY, "scene", "s2", null),
  script.commit(BOB, "post", "p2", { text: "two", eventId: "e1" }),
  script.commit(MALLORY, "scene", "s2", SCENE),
  script.commit(ALICE, "scene", "s1", null),
  script.commit(BOB, "post", "p3", { text: "three", eventId: "e1" }),
], {
  states: {
    "alice s1": "deleted",
    "mallory s2": "applied",
    "alice e1": "waiting",
    "mallory e1": "applied",
    "bob p1": "applied",
    "bob p2": "applied",
    "bob p3": "applied",
  },
});

overlapTest("a rejected record is applied because of a record of the next batch", (script) => [
  script.commit(BOB, "scene", "s1", SCENE),
  script.commit(ALICE, "event", "e1", NIGHT),
  script.commit(ALICE, "alliance", "a1", { fromSceneId: "s1", toSceneId: "s1" }),
  script.commit(ALICE, "scene", "s1", SCENE),
  script.commit(BOB, "scene", "s1", null),
], {
  states: {
    "bob s1": "deleted",
    "alice s1": "applied",
    "alice e1": "applied",
    "alice a1": "rejected",
  },
  letters: ["self_alliance"],
});

overlapTest(
  "a later revision resolves the dead letter of the previous batch, and the reverse",
  (script) => [
    script.commit(ALICE, "scene", "s1", { name: "" }),
    script.commit(ALICE, "scene", "s1", SCENE),
    script.commit(ALICE, "scene", "s2", SCENE),
    script.commit(ALICE, "scene", "s2", { name: 5 }),
    script.commit(ALICE, "scene", "s3", { name: "" }),
    script.commit(ALICE, "scene", "s3", null),
  ],
  {
    states: { "alice s1": "applied", "alice s2": "rejected", "alice s3": "deleted" },
    letters: ["invalid_type"],
  },
);

overlapTest("a frame that can't be decoded comes twice", (script) => {
  const broken = `{"did":"${ALICE}","kind":"commit"`;
  return [
    script.commit(ALICE, "scene", "s1", SCENE),
    broken,
    script.commit(ALICE, "scene", "s2", SCENE),
    broken,
    broken,
  ];
}, { states: { "alice s1": "applied", "alice s2": "applied" }, letters: ["invalid_json"] });

overlapTest("a handle is kept from the first record on", (script) => [
  script.identity(ALICE, "before.example"),
  script.commit(ALICE, "scene", "s1", SCENE),
  script.identity(ALICE, "one.example"),
  script.account(ALICE, "suspended"),
  script.identity(ALICE, "two.example"),
  script.account(ALICE, null),
  script.commit(ALICE, "scene", "s2", SCENE),
], { states: { "alice s1": "applied", "alice s2": "applied" } });

databaseTest(
  "any stream in batches of any size is folded like the model",
  seeded(async (seed, database) => {
    for (const size of SIZES) {
      await systemOn(database.sql).reset();
      // Foreign ones are only counted: they take no place in a batch.
      const frames = numberedStream(seed + size, 120)
        .filter((frame) => readFrame(frame).kind !== "foreign");
      const { sent, counts } = await runInBatches(frames, { databaseUrl: database.url, size });
      assert.deepEqual(counts, countsAfter(sent), `in batches of ${size}`);
      await assertFolded(database.sql, sent);
    }
  }),
);
