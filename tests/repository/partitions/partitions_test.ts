/** Instances of one consumer that share partitions: which each holds, and the effect of a new instance, an ended one, and another number of partitions. */

import assert from "node:assert/strict";
import { partitionOf } from "../../../lib/repository/partitions/partition.ts";
import { resize } from "../../../lib/repository/batch/partition_count.ts";
import { Program } from "../../support/crash/in_process.ts";
import { assertFolded, numberedStream } from "../../support/crash/stream.ts";
import { databaseTest } from "../../support/database.ts";
import { openDeadLetterIds } from "../../../lib/repository/dead_letters/dead_letters.ts";
import { retryBatch } from "../../../lib/repository/dead_letters/retry_batch.ts";
import { Folded } from "../../support/folded.ts";
import { didOf, SampleEvents, uriOf } from "../../support/sample_events.ts";
import { type JetstreamEvent, ReplayServer } from "../../support/jetstream/replay_server.ts";
import { atRest, reached, until } from "../../support/partitions/rest.ts";
import { seeded } from "../../support/fresh_seeds.ts";

const FOUR = { PARTITIONS: "4", LEASE_MS: "2000", BATCH_MAX_EVENTS: "20" };

databaseTest("the database and the program put a DID into the same partition", async ({ sql }) => {
  const dids = ["did:plc:a", "did:web:example.com", "did:plc:z72i7hdynmk6r22z27h6tvur"];
  for (const partitions of [1, 2, 3, 64]) {
    const rows = await sql<{ partition: number }[]>`
      select partition_of(d, ${partitions}) as partition
      from json_array_elements_text(${JSON.stringify(dids)}::text::json) as d`;
    assert.deepEqual(
      rows.map(({ partition }) => partition),
      dids.map((did) => partitionOf(did, partitions)),
    );
  }
});

databaseTest(
  "a transaction of one partition changes only memberships of its own repositories",
  async ({ sql }) => {
    const [owner, member] = ["did:plc:owner", "did:plc:member0"];
    const of = 64;
    assert.notEqual(partitionOf(owner, of), partitionOf(member, of));
    const scene = crypto.randomUUID();
    await sql`insert into scenes (id, name, owner_did, coarse_geohash, record_did, record_rkey, record_rev)
      values (${scene}, 'a scene', ${owner}, 'u33dc0', ${owner}, 's', '1')`;
    const add = (author: string): Promise<unknown> =>
      sql.begin(async (tx) => {
        const share = `${partitionOf(author, of)}/${of}`;
        await tx`select set_config('jetstream_indexer.share', ${share}, true)`;
        await tx`insert into memberships (id, scene_id, user_did, record_did, record_rkey, record_rev)
          values (${crypto.randomUUID()}, ${scene}, ${member}, ${author}, ${author}, '1')`;
      });
    const inForce = async (): Promise<unknown[]> => {
      const rows = await sql<{ record_did: string }[]>`
        select record_did from memberships where in_force order by record_did`;
      return rows.map(({ record_did }) => record_did);
    };
    await add(member);
    await add(owner);
    assert.deepEqual(await inForce(), [member, owner]);
    const notes = await sql<{ partition: number; user_did: string }[]>`
      select partition, user_did from mailbox`;
    assert.deepEqual(notes.map((note) => ({ ...note })), [
      { partition: partitionOf(member, of), user_did: member },
    ]);
    await sql.begin(async (tx) => {
      await tx`select set_config('jetstream_indexer.share', ${`${
        partitionOf(member, of)
      }/${of}`}, true)`;
      await tx`select put_in_force(array[${scene}::uuid], array[${member}::text])`;
    });
    assert.deepEqual(await inForce(), [owner]);
  },
);

databaseTest(
  "a retry is divided by partition, and its outcomes are in the order of the dead letters",
  async (database) => {
    const { sql } = database;
    await sql`insert into partitioning (partitions) values (4)`;
    const folded = new Folded(database, { waitingLimit: 1 });
    const events = new SampleEvents();
    const owners = ["alice", "bob", "carol", "dave", "erin"];
    const bad = owners.map((owner) => events.put(`${owner}/scene/bad`, { name: "" }));
    const good = owners.map((owner) => events.put(`${owner}/scene/good`));
    const mixed = owners.flatMap((_, index) => [bad[index]!, good[index]!]);
    assert.deepEqual(
      await folded.batch(...mixed),
      owners.flatMap(() => ["dead_letter", "applied"]),
    );
    const batch = await retryBatch(sql, await openDeadLetterIds(sql, {}, 10));
    assert.equal(batch.events.length, owners.length);
    const { outcomes } = await folded.writer.write(batch, new AbortController().signal);
    assert.deepEqual(outcomes, owners.map(() => "dead_letter"));
  },
);

databaseTest(
  "a record above the waiting limit is retried automatically, because its parent can be late",
  async (database) => {
    const { sql } = database;
    const due = async (): Promise<boolean[]> => {
      const rows = await sql<{ due: boolean }[]>`
        select next_attempt_at is not null as due from dead_letters where reason = 'waiting_limit'`;
      return rows.map(({ due }) => due);
    };
    const events = new SampleEvents();
    const orphan = (name: string): JetstreamEvent =>
      events.put(name, { sceneId: "at://did:plc:nobody23456abcdefghijklm/app.subcult.scene/s" });
    await sql`insert into partitioning (partitions) values (4)`;
    const folded = new Folded(database, { waitingLimit: 1 });
    await folded.each(orphan("alice/post/p1"), orphan("alice/post/p2"));
    assert.deepEqual(await due(), [true]);
  },
);

databaseTest(
  "a scene that is deleted and restored before another partition reads the note keeps its decisions",
  async (database) => {
    const { sql } = database;
    const of = 4;
    assert.notEqual(partitionOf(didOf("alice"), of), partitionOf(didOf("carol"), of));
    await sql`insert into partitioning (partitions) values (${of})`;
    const folded = new Folded(database);
    const events = new SampleEvents();
    const scene = { sceneId: uriOf("alice/scene/s") };
    const outside = { events: [], cursor: null, deadLetters: [], fromSource: false, lease: null };
    const readNotes = async (partition: number): Promise<void> => {
      const batch = { ...outside, id: crypto.randomUUID(), share: { partition, of }, mail: 50 };
      await folded.writer.write(batch, new AbortController().signal);
    };
    await folded.each(
      events.put("alice/scene/s"),
      events.put("carol/membership/ask", scene),
      events.delete("alice/scene/s"),
    );
    await readNotes(partitionOf(didOf("alice"), of));
    await folded.each(
      events.put("alice/membership/decide", { ...scene, member: didOf("carol") }),
      events.put("alice/scene/s"),
    );
    for (const partition of [0, 1, 2, 3]) await readNotes(partition);
    assert.deepEqual(
      await folded.states("carol/membership/ask", "alice/membership/decide"),
      ["applied", "applied"],
    );
  },
);

databaseTest(
  "one instance holds all partitions, and the tables equal those of one partition",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed, 400);
    await using server = new ReplayServer({ pingMs: 0 });
    await using program = new Program({ databaseUrl: db.url, streamUrl: server.url, env: FOUR });
    server.push(...frames);
    await atRest(db.sql, reached(frames, 400), 4);
    await assertFolded(db.sql, frames);
    for (const partition of [0, 1, 2, 3]) {
      assert.equal(
        await program.metric(`indexer_leader{consumer="default",partition="${partition}"}`),
        1,
      );
    }
    assert.equal(await program.stop(), 0);
  }),
);

databaseTest(
  "a second instance gets its share, and after its end the first holds all again",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed + 1, 600);
    await using server = new ReplayServer({ pingMs: 0 });
    const at = { databaseUrl: db.url, streamUrl: server.url, env: FOUR };
    const holders = (each: number): string =>
      `select count(*) = ${
        4 / each
      } and min(n) = ${each} from (select count(*) as n from indexer_state
      where lease_until > clock_timestamp() group by holder) as h`;
    await using first = new Program(at);
    server.push(...frames.slice(0, 200));
    await atRest(db.sql, reached(frames, 200), 4);
    await using second = new Program(at);
    await until(db.sql, holders(2), "two instances hold two partitions each");
    server.push(...frames.slice(200, 400));
    await atRest(db.sql, reached(frames, 400), 4);
    assert.equal(await second.stop(), 0);
    await until(db.sql, holders(4), "one instance holds all");
    server.push(...frames.slice(400));
    await atRest(db.sql, reached(frames, 600), 4);
    assert.equal(await first.stop(), 0);
    await assertFolded(db.sql, frames);
  }),
  { kinds: ["server"] },
);

databaseTest(
  "the number of partitions is changed while instances write",
  seeded(async (seed, db) => {
    const frames = numberedStream(seed + 2, 800);
    await using server = new ReplayServer({ pingMs: 0 });
    const env = { ...FOUR, PARTITIONS: "1" };
    await using program = new Program({ databaseUrl: db.url, streamUrl: server.url, env });
    server.push(...frames.slice(0, 200));
    await atRest(db.sql, reached(frames, 200), 1);
    let sent = 200;
    for (const partitions of [3, 2, 1]) {
      server.push(...frames.slice(sent, sent + 100));
      await resize(db.sql, partitions);
      server.push(...frames.slice(sent + 100, sent + 200));
      sent += 200;
      await atRest(db.sql, reached(frames, sent), partitions);
      await assertFolded(db.sql, frames.slice(0, sent));
    }
    assert.equal(await program.stop(), 0);
  }),
  { kinds: ["server"] },
);
