import assert from "node:assert/strict";
import type { FaultPoint } from "../../lib/indexer/fault_point.ts";
import { Program } from "../support/crash/in_process.ts";
import { type End, PrivateCluster, serverPrograms } from "../support/crash/private_cluster.ts";
import { assertFolded, countsAfter, numberedStream } from "../support/crash/stream.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { onConnection } from "../support/on_connection.ts";
import { seeded } from "../support/fresh_seeds.ts";

const PROGRAMS = Deno.env.get("TEST_DATABASE_URL") ? serverPrograms() : null;
const MISSING = PROGRAMS === null ? " (no TEST_DATABASE_URL, or no Postgres programs here)" : "";

/** When the server ends, and how. */
const OUTAGES: readonly (readonly [FaultPoint, End])[] = [
  ["batch_loaded", "fast"],
  ["batch_stored", "immediate"],
  ["batch_cursor_moved", "killed"],
  ["batch_beginning", "killed"],
  ["batch_begun", "immediate"],
  ["batch_committed", "fast"],
];

const FRAMES = 400;

Deno.test({
  name: `Postgres is stopped, crashes and is killed mid-batch: nothing is lost or counted twice` +
    MISSING,
  ignore: PROGRAMS === null,
  fn: seeded(async (seed) => {
    if (PROGRAMS === null) return;
    const frames = numberedStream(seed, FRAMES);
    await using cluster = await PrivateCluster.create(PROGRAMS);
    await using server = new ReplayServer({ pingMs: 0 });
    const left = [...OUTAGES];
    const outages: Promise<void>[] = [];
    await using program = new Program({
      databaseUrl: cluster.url,
      streamUrl: server.url,
      env: { BATCH_MAX_EVENTS: "10" },
      random: () => 0.05,
      faultPoint: async (name) => {
        const [next] = left;
        // One at a time, and each in a batch that nothing has happened to yet.
        if (next === undefined || next[0] !== name || outages.length > 0) return;
        left.shift();
        await cluster.end(next[1]);
        outages.push(cluster.start().then(() => void outages.shift()));
      },
    });
    for (let at = 0; at < FRAMES; at += 20) {
      server.push(...frames.slice(at, at + 20));
      await program.until(() => program.cursor >= at + 15);
    }
    await program.committed(FRAMES);
    await Promise.all(outages);
    assert.deepEqual(left, []);
    assert.ok(program.said("cannot write a batch, retrying") >= OUTAGES.length - 1);
    assert.equal(await program.stop(), 0);
    await onConnection(cluster.url, (sql) => assertFolded(sql, frames));
    assert.deepEqual(program.counts, countsAfter(frames));
  }),
});
