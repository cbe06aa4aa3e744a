/** Processes that are killed while they work through the blocks of an archive. */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { readCursor } from "../../lib/repository/batch/cursor.ts";
import { endLease } from "../support/crash/end_lease.ts";
import { Program } from "../support/crash/in_process.ts";
import type { Passing } from "../support/crash/plan.ts";
import { settings } from "../support/crash/settings.ts";
import { spawnPlanned } from "../support/crash/spawned.ts";
import { databaseTest } from "../support/database.ts";
import { type ArchiveRow, blockOf, timeOf } from "../support/jetstream/archive_file.ts";
import { ArchiveServer } from "../support/jetstream/archive_server.ts";
import { planned, row } from "../support/jetstream/history.ts";
import { OneOrigin } from "../support/jetstream/one_origin.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { SampleEvents } from "../support/sample_events.ts";

const BLOCK_ROWS = 20;
const BLOCKS = 6;
const SCENES = 25;
const TIP = BLOCKS * BLOCK_ROWS;

/** Scenes that are created, changed and deleted, so that a skipped or repeated row is noticed. */
const ROWS: readonly ArchiveRow[] = Array.from({ length: TIP }, (_, index) => {
  const seq = index + 1;
  const kind = seq % 9 === 0 ? "delete" : seq > SCENES ? "update" : "create";
  return row(seq, kind, `s${seq % SCENES}`);
});

/** No block ends where a batch does, and the queue has room for one block: what follows is still to be read. */
const ENV = {
  START_FROM: "archive",
  BATCH_MAX_EVENTS: "7",
  QUEUE_RESUME_AT: "1",
  QUEUE_PAUSE_AT: "8",
  QUEUE_MAX: "40",
};

const KILLS: readonly Passing[] = [
  { point: "batch_begun", nth: 1 },
  { point: "batch_stored", nth: 2 },
  { point: "batch_cursor_moved", nth: 3 },
  { point: "batch_committed", nth: 2 },
  { point: "counted", nth: 2 },
];

for (const [way, wholeFrom] of [["files", 0], ["single blocks", 2]] as const) {
  databaseTest(
    `a replay by ${way} that is repeatedly killed within a block resumes after its last commit`,
    async ({ url, sql }) => {
      const block = (first: number) => blockOf(ROWS.slice(first, first + BLOCK_ROWS));
      const segment = (first: number) => [block(first), block(first + BLOCK_ROWS)];
      await using history = new ArchiveServer(
        [segment(0), segment(2 * BLOCK_ROWS), segment(4 * BLOCK_ROWS)],
        { wholeFrom },
      );
      await using live = new ReplayServer({ firstSeq: TIP, pingMs: 0 });
      const events = new SampleEvents(timeOf(TIP - 1));
      const last = live.push(
        events.put(`alice/scene/s${TIP % SCENES}`),
        events.put("bob/scene/new"),
      );
      await using origin = new OneOrigin({ live: live.port, archive: history.port });

      const stored: number[] = [];
      for (const kill of KILLS) {
        await endLease(sql);
        const env = settings(url, origin.v2Url, ENV);
        await using process = spawnPlanned({ kill, stop: null, haste: 1, env });
        const { killedAt, signal, lastLines } = await process.done;
        assert.deepEqual([killedAt, signal], [kill.point, "SIGKILL"], lastLines.join("\n"));
        const cursor = (await readCursor(sql, "default"))?.cursor ?? 0;
        assert.deepEqual(await ledger(sql), folded(ROWS.filter(({ seq }) => seq <= cursor)));
        stored.push(cursor);
      }
      assert.ok(stored.some((cursor) => cursor % BLOCK_ROWS !== 0), `stopped at ${stored}`);

      await endLease(sql);
      await using program = new Program({ databaseUrl: url, streamUrl: origin.v2Url, env: ENV });
      await program.committed(last);
      assert.equal(await program.stop(), 0, program.lastLines);
      // Each process asks for what comes after the last commit of the one before.
      assert.deepEqual(planned(history), [0, ...stored]);
      assert.deepEqual(live.peers.map(({ request }) => request.query.get("cursor")), [String(TIP)]);
      const { applied, duplicate, dead_letter } = program.counts;
      const left = TIP - (stored.at(-1) ?? 0);
      assert.deepEqual({ applied, duplicate, dead_letter }, {
        applied: left + 1,
        // The event at the cursor comes again.
        duplicate: 1,
        dead_letter: 0,
      });
      assert.equal((await readCursor(sql, "default"))?.cursor, last);
      const entries = await ledger(sql);
      assert.deepEqual(entries.filter(([rkey]) => rkey !== "new"), folded(ROWS));
    },
  );
}

type Entry = [rkey: string, rev: string, state: string];

async function ledger(sql: Sql): Promise<Entry[]> {
  const rows = await sql<{ rkey: string; rev: string; state: string }[]>`
    select rkey, rev, state from records`;
  return rows.map(({ rkey, rev, state }): Entry => [rkey, rev, state]).toSorted(byRkey);
}

/** What the ledger holds after these rows, each once and in their order. */
function folded(rows: readonly ArchiveRow[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const { kind, rkey = "", rev = "" } of rows) {
    entries.set(rkey, [rkey, rev, kind === "delete" ? "deleted" : "applied"]);
  }
  return [...entries.values()].toSorted(byRkey);
}

function byRkey([a]: Entry, [b]: Entry): number {
  return a < b ? -1 : 1;
}
