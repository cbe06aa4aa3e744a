import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import {
  discardDeadLetters,
  listDeadLetters,
  openDeadLetterIds,
  showDeadLetter,
} from "../../../lib/repository/dead_letters/dead_letters.ts";
import {
  retryBatch,
  takeDueDeadLetters,
} from "../../../lib/repository/dead_letters/retry_batch.ts";
import type { Outcome } from "../../../lib/repository/outcome.ts";
import { refuseRows } from "../../support/crash/refusing.ts";
import { confirmedDeletion } from "../../support/confirmed_deletion.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { keyOf, SampleEvents, uriOf } from "../../support/sample_events.ts";

const SCENE = "alice/scene/s1";
const EVENT = "bob/event/e1";

async function retry(folded: Folded, sql: Sql): Promise<readonly Outcome[]> {
  const batch = await retryBatch(sql, await openDeadLetterIds(sql, {}, 100));
  return (await folded.writer.write(batch, new AbortController().signal)).outcomes;
}

databaseTest(
  "a dead letter has the record's address, its revision, the reason, and the record",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    const bad = events.put(SCENE, { visibility: "secret" });
    await folded.batch(bad);
    const [letter] = await listDeadLetters(sql, { state: "open", limit: 10 });
    assert.ok(letter !== undefined);
    const { id, reason, detail, did, collection, rkey, rev, attempts, resolution } = letter;
    assert.deepEqual({ reason, did, collection, rkey, rev, attempts, resolution }, {
      reason: "unknown_value",
      ...keyOf(SCENE),
      rev: bad.commit?.rev,
      attempts: 0,
      resolution: null,
    });
    assert.match(detail, /visibility/);
    const shown = await showDeadLetter(sql, id);
    assert.deepEqual(shown?.payload?.["record"], bad.commit?.record);
    assert.equal(await showDeadLetter(sql, id + 1), null);
    // It is not retried automatically: only the author or an operator can fix it.
    assert.equal(letter.nextAttemptAt, null);
  },
);

databaseTest(
  "a newer valid revision resolves the dead letters of its record and removes their contents",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.each(events.put(SCENE, { name: "" }), events.put(SCENE, { name: 1 }));
    assert.deepEqual(await folded.openDeadLetterIds(), ["invalid_type"]);
    await folded.batch(events.put(SCENE));
    const letters = await listDeadLetters(sql, { state: "resolved", limit: 10 });
    assert.deepEqual(letters.map(({ resolution }) => resolution), ["superseded", "superseded"]);
    for (const { id } of letters) assert.equal((await showDeadLetter(sql, id))?.payload, null);
  },
);

databaseTest(
  "a dead letter that an operator has closed stays closed, whatever arrives later",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE, { name: "" }));
    await discardDeadLetters(sql, await openDeadLetterIds(sql, {}, 10));
    const closed = await listDeadLetters(sql, { state: "resolved", limit: 10 });
    assert.deepEqual(closed.map(({ resolution }) => resolution), ["discarded"]);
    await folded.batch(events.put(SCENE));
    assert.deepEqual(await listDeadLetters(sql, { state: "resolved", limit: 10 }), closed);
  },
);

databaseTest(
  "a delete and a confirmed deletion of the account resolve dead letters too",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const other = "alice/scene/s2";
    await folded.batch(events.put(SCENE, { name: "" }), events.put(other, { name: "" }));
    await folded.batch(events.delete(SCENE));
    assert.deepEqual(await folded.openDeadLetterIds(), ["empty_field"]);
    const deletion = events.account("alice", false, "deleted");
    await folded.batch(deletion);
    assert.deepEqual(await folded.openDeadLetterIds(), ["empty_field"]);
    await folded.decoded([confirmedDeletion("alice", deletion.time_us ?? 0)]);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
  },
);

databaseTest(
  "a rejected event is applied when its bare reference comes to mean the author's own scene",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE), events.put(EVENT, { sceneId: "s1" }));
    assert.deepEqual(await folded.openDeadLetterIds(), ["not_scene_owner"]);
    await folded.batch(events.put("bob/scene/s1"));
    assert.deepEqual(await folded.openDeadLetterIds(), []);
    assert.deepEqual(await folded.live(EVENT), [true]);
    await folded.batch(events.put(EVENT, { sceneId: uriOf(SCENE) }));
    assert.deepEqual(await folded.openDeadLetterIds(), ["not_scene_owner"]);
  },
);

databaseTest(
  "a rejected revision is one dead letter, although another revision follows in its batch",
  async (database) => {
    const events = new SampleEvents();
    const folded = new Folded(database);
    const { outcomes, reasons } = await folded.write([
      events.put("alice/scene/s1", { name: "" }),
      events.put("bob/scene/s2"),
      events.put("bob/scene/s3"),
      events.put("bob/scene/s4"),
      events.put("alice/scene/s1"),
    ]);
    assert.deepEqual(outcomes, ["dead_letter", "applied", "applied", "applied", "applied"]);
    assert.equal(reasons.length, 1);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
  },
);

databaseTest(
  "retrying a record that is still invalid counts the attempt and leaves the dead letter open",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE, { name: "" }));
    assert.deepEqual(await retry(folded, sql), ["dead_letter"]);
    assert.deepEqual(await retry(folded, sql), ["dead_letter"]);
    const [letter] = await listDeadLetters(sql, { state: "open", limit: 10 });
    assert.deepEqual([letter?.attempts, letter?.reason], [2, "empty_field"]);
    assert.equal(await folded.count("dead_letters"), 1);
  },
);

databaseTest(
  "retrying a record that can be mapped now applies it and resolves the dead letter, together",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE, { name: "Fine" }));
    // Like after the release of a mapper that accepts the record.
    await sql`update records set state = 'rejected', reason = 'unknown_value'`;
    await sql`update scenes set indexer_live = false, deleted_at = now()`;
    const { idempotency_key, event_time, ...row } = (await folded.ledger(SCENE))!;
    const payload = {
      record: row.record,
      time_us: event_time.getTime() * 1000,
      cid: null,
      refusal: null,
    };
    await sql`insert into dead_letters (fingerprint, reason, detail, did, collection, rkey, rev, payload)
    select ${idempotency_key}, 'unknown_value', '', did, collection, rkey, rev,
      ${JSON.stringify(payload)}::text::jsonb from records`;
    assert.deepEqual(await retry(folded, sql), ["applied"]);
    assert.deepEqual(await folded.live(SCENE), [true]);
    const [letter] = await listDeadLetters(sql, { limit: 10 });
    assert.equal(letter?.resolution, "retried");
  },
);

databaseTest(
  "retrying a dead letter whose record was applied meanwhile changes nothing",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE), events.put(EVENT, { sceneId: "s1" }));
    const letters = await retryBatch(
      sql,
      await openDeadLetterIds(sql, { reason: "not_scene_owner" }, 10),
    );
    await folded.batch(events.put("bob/scene/s1"));
    assert.deepEqual(await folded.states(EVENT), ["applied"]);
    const { outcomes, rowsWritten } = await folded.writer.write(
      letters,
      new AbortController().signal,
    );
    assert.deepEqual([outcomes, rowsWritten], [["duplicate"], 0]);
  },
);

databaseTest(
  "a retried record that waits, and is then rejected because of another one, keeps its dead letter",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    await new Folded(database, { waitingLimit: 1 }).each(
      events.put("bob/membership/ask", { sceneId: uriOf(SCENE) }),
      events.put("bob/stream/live", { eventId: "e2", sceneId: undefined }),
      events.put("carol/event/e1", { sceneId: "s1" }),
      events.put("carol/event/e2", { sceneId: "s1" }),
      events.put("carol/scene/s1"),
    );
    const folded = new Folded(database);
    assert.deepEqual(await folded.openDeadLetterIds(), ["waiting_limit", "waiting_limit"]);
    // The stream is first, and its event, which somebody else has, comes with the same retry.
    assert.deepEqual(await retry(folded, sql), ["dead_letter", "applied"]);
    assert.deepEqual(await folded.states("bob/stream/live", "carol/event/e2"), [
      "rejected",
      "applied",
    ]);
    assert.deepEqual(await folded.openDeadLetterIds(), ["not_scene_owner"]);
  },
);

databaseTest(
  "a retried record that is rejected, and then waits because of another one, counts as waiting",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    const end = await refuseRows(sql, { table: "scenes", when: "new.owner_did like '%carol%'" });
    const outcomes = await folded.each(
      events.put(SCENE),
      events.put(EVENT, { sceneId: "s1" }),
      events.put("carol/scene/s1"),
    );
    assert.deepEqual(outcomes, ["applied", "dead_letter", "dead_letter"]);
    await end();
    // Two scenes have the name now.
    assert.deepEqual(await retry(folded, sql), ["waiting", "applied"]);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
    const letters = await listDeadLetters(sql, { limit: 10 });
    assert.deepEqual(letters.map(({ resolution }) => resolution), ["retried", "retried"]);
  },
);

databaseTest(
  "a retry between a commit without an answer and its repetition changes no count",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const others = new Folded(database);
    await others.batch(events.put("alice/scene/wrong", { name: "" }));
    const failures: string[] = [];
    let lost = 0;
    const folded = new Folded(database, {
      failures,
      step: async (name) => {
        if (name !== "committed" || ++lost > 1) return;
        await retry(others, sql);
        throw Object.assign(new Error("the connection is lost"), { code: "08006" });
      },
    });
    assert.deepEqual(await folded.batch(events.put(SCENE)), ["applied"]);
    assert.deepEqual([failures, lost], [["08006"], 2]);
  },
);

databaseTest(
  "a discarded dead letter is resolved for good, and its record stays rejected",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await folded.batch(events.put(SCENE, { name: "" }));
    const ids = await openDeadLetterIds(sql, { reason: "empty_field" }, 10);
    assert.equal(await discardDeadLetters(sql, ids), 1);
    assert.equal(await discardDeadLetters(sql, ids), 0);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
    assert.deepEqual(await folded.states(SCENE), ["rejected"]);
    // It says what it was about, and nothing of what it quoted.
    const letter = await showDeadLetter(sql, ids[0] ?? 0);
    assert.deepEqual([letter?.rkey, letter?.payload], ["s1", null]);
  },
);

databaseTest(
  "an undecodable message is stored once, however often it arrives",
  async (database) => {
    const { sql } = database;
    const folded = new Folded(database);
    assert.deepEqual(await folded.batch("{broken", "{broken"), ["dead_letter", "duplicate"]);
    assert.deepEqual(await folded.batch("{broken"), ["duplicate"]);
    const [letter] = await listDeadLetters(sql, { limit: 10 });
    assert.deepEqual([letter?.reason, letter?.did], ["invalid_json", null]);
    // Only an excerpt is stored, so it can't be retried.
    assert.deepEqual(await retry(folded, sql), []);
  },
);

databaseTest(
  "only the row that Postgres rejects becomes a dead letter, and is retried after growing waits",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    await sql.unsafe(`alter table scenes add constraint chk_test check (name <> 'refuse me')`);
    const outcomes = await folded.batch(
      events.put("alice/scene/1"),
      events.put(SCENE, { name: "refuse me" }),
      events.put("alice/event/child", { sceneId: "s1" }),
      events.put("alice/scene/2"),
    );
    assert.deepEqual(outcomes, ["applied", "dead_letter", "waiting", "applied"]);
    const refused = await folded.ledger(SCENE);
    assert.deepEqual([refused?.state, refused?.reason], ["rejected", "database_refused"]);
    const delays: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const [letter] = await sql<{ id: number; seconds: number; detail: string }[]>`
      select id::int as id, extract(epoch from next_attempt_at - now())::float8 as seconds, detail
      from dead_letters where resolved_at is null`;
      assert.ok(letter !== undefined);
      assert.match(letter.detail, /23514/);
      delays.push(Math.round(letter.seconds / 60));
      assert.deepEqual(await takeDueDeadLetters(sql, 10), []);
      await sql`update dead_letters set next_attempt_at = now()`;
      assert.deepEqual(await takeDueDeadLetters(sql, 10), [letter.id]);
      // It is taken, so no other instance retries it at the same time.
      assert.deepEqual(await takeDueDeadLetters(sql, 10), []);
      assert.deepEqual(await retry(folded, sql), ["dead_letter"]);
    }
    assert.deepEqual(delays, [1, 2, 4]);
    // After nine more it is no longer retried automatically.
    await sql`update dead_letters set attempts = 9`;
    assert.deepEqual(await retry(folded, sql), ["dead_letter"]);
    const [last] = await listDeadLetters(sql, { state: "open", limit: 1 });
    assert.deepEqual([last?.attempts, last?.nextAttemptAt], [10, null]);

    await sql.unsafe("alter table scenes drop constraint chk_test");
    assert.deepEqual(await retry(folded, sql), ["applied"]);
    assert.deepEqual(await folded.live(SCENE, "alice/event/child"), [true, true]);
    assert.deepEqual(await folded.openDeadLetterIds(), []);
  },
);

databaseTest(
  "dead letters are listed newest first, in pages, by state and by reason",
  async (database) => {
    const { sql } = database;
    const events = new SampleEvents();
    const folded = new Folded(database);
    for (let index = 0; index < 5; index++) {
      await folded.batch(
        events.put(`alice/scene/${index}`, index === 2 ? { name: 1 } : { name: "" }),
      );
    }
    const [third] = await openDeadLetterIds(sql, { reason: "invalid_type" }, 10);
    assert.ok(third !== undefined);
    await discardDeadLetters(sql, [third]);
    const keys = async (query: Parameters<typeof listDeadLetters>[1]): Promise<(string | null)[]> =>
      (await listDeadLetters(sql, query)).map(({ rkey }) => rkey);
    assert.deepEqual(await keys({ limit: 2 }), ["4", "3"]);
    const [, last] = await listDeadLetters(sql, { limit: 2 });
    assert.deepEqual(await keys({ limit: 2, before: last!.id }), ["2", "1"]);
    assert.deepEqual(await keys({ state: "open", limit: 9 }), ["4", "3", "1", "0"]);
    assert.deepEqual(await keys({ state: "resolved", limit: 9 }), ["2"]);
    assert.deepEqual(await keys({ reason: "invalid_type", limit: 9 }), ["2"]);
  },
);
