/** 152 events of the live network, through the whole program, into the database. */

import assert from "node:assert/strict";
import { idempotencyKey } from "../../lib/mapper/idempotency_key.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { corpusLines, WITHOUT_CORPUS } from "../support/corpus.ts";

const lines = corpusLines() ?? [];
const missing = lines.length === 0;

interface Line {
  readonly did: string;
  readonly time_us: number;
  readonly commit?: {
    readonly rev: string;
    readonly operation: string;
    readonly collection: string;
    readonly rkey: string;
    readonly cid?: string;
    readonly record?: unknown;
  };
}

/** A row of `records`, as text and JSON. */
type Row = Readonly<Record<string, unknown>>;

function expectedRows(): Row[] {
  return lines.flatMap((line) => {
    const { did, time_us, commit } = JSON.parse(line) as Line;
    if (!commit?.collection.startsWith("app.bsky.")) return [];
    const { rev, operation, collection, rkey, cid = null, record = null } = commit;
    return [{
      did,
      collection,
      rkey,
      rev,
      cid,
      idempotency_key: idempotencyKey({ did, collection, rkey }, rev),
      state: operation === "delete" ? "deleted" : "unmapped",
      reason: null,
      waiting_for: null,
      record,
      event_time: time_us,
    }];
  });
}

const byKey = (a: Row, b: Row): number =>
  `${a["did"]}/${a["rkey"]}` < `${b["did"]}/${b["rkey"]}` ? -1 : 1;

databaseTest(
  `152 production events, read from a socket, are in the database as they are in the file${WITHOUT_CORPUS}`,
  async ({ url, sql }) => {
    const expected = expectedRows();
    const times = lines.map((line) => (JSON.parse(line) as Line).time_us);
    await using server = new ReplayServer({ legacy: true });
    server.push(...lines);
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      env: { WANTED_COLLECTIONS: "app.bsky.*" },
    });
    const received = (): number => Object.values(program.counts).reduce((a, b) => a + b, 0);
    await program.until(() => program.cursor > 0 && received() === lines.length);
    // The server's times are out of order, so reading goes on at the lowest of the last seconds.
    assert.ok(times.includes(program.cursor), `${program.cursor}`);

    // A foreign collection, and the markers of an account that nothing is held of.
    const counts = { duplicate: 0, stale: 0, waiting: 0, dead_letter: 0, ignored: 3 };
    assert.deepEqual(program.counts, { ...counts, applied: 149 });
    const rows = async (): Promise<Row[]> =>
      (await sql<Row[]>`
      select did, collection, rkey, rev, cid, idempotency_key, state, reason, waiting_for, record,
        (extract(epoch from event_time) * 1000000)::float8 as event_time
      from records`).map((row) => ({ ...row })).sort(byKey);
    assert.deepEqual(await rows(), expected.toSorted(byKey));
    assert.equal(expected.filter(({ state }) => state === "deleted").length, 4);
    const others = await sql<{ letters: number; handles: number; scenes: number }[]>`
      select (select count(*)::int from dead_letters) as letters,
        (select count(*)::int from accounts where handle is not null or not active) as handles,
        (select count(*)::int from scenes) as scenes`;
    assert.deepEqual({ ...others[0] }, { letters: 0, handles: 0, scenes: 0 });

    // Once more, all of it: nothing is new.
    server.push(...lines);
    await program.until(() => received() === 2 * lines.length);
    assert.deepEqual(program.counts, { ...counts, applied: 149, duplicate: 149, ignored: 6 });
    assert.deepEqual(await rows(), expected.toSorted(byKey));
    assert.equal(await program.stop(), 0);
  },
  { ignore: missing },
);
