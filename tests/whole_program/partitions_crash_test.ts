/**
 * Real processes, whose clocks differ by hours, share four partitions while a stream runs, and are killed, suspended,
 * stopped, disconnected and slowed down from a seed. At rest the tables are those of the plain fold, and no two processes wrote one partition at
 * once. `PROPERTY_SEED` repeats a seed, `PARTITIONS_HARMS` is the number of faults.
 */

import assert from "node:assert/strict";
import { assertFolded, numberedStream } from "../support/crash/stream.ts";
import { databaseTest } from "../support/database.ts";
import { hasPooler, Pooler } from "../support/faults/pooler.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { Random } from "../support/model/random.ts";
import { auditBatches, readAudit } from "../support/partitions/audit.ts";
import { FAULTS, Fleet } from "../support/partitions/fleet.ts";
import { atRest, reached } from "../support/partitions/rest.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { seeded } from "../support/fresh_seeds.ts";

const HARMS = Number(Deno.env.get("PARTITIONS_HARMS") ?? 6);

const FRAMES_EACH = 60;
const ENV = { PARTITIONS: "4", LEASE_MS: "1500", BATCH_MAX_EVENTS: "10" };

interface Campaign {
  readonly sql: Sql;
  readonly databaseUrl: string;
  readonly seed: number;
  readonly harms: number;
}

async function campaign({ sql, databaseUrl, seed, harms }: Campaign): Promise<void> {
  const random = new Random(seed, 50);
  const frames = numberedStream(seed, FRAMES_EACH * (harms + 2));
  await auditBatches(sql);
  await using server = new ReplayServer({ pingMs: 0, maxPerSecond: 200 });
  await using fleet = new Fleet({ databaseUrl, streamUrl: server.url, env: ENV, random });
  for (let member = 0; member < 3; member++) fleet.join();
  let sent = FRAMES_EACH;
  server.push(...frames.slice(0, sent));
  await atRest(sql, reached(frames, sent), 4);
  for (let harm = 0; harm < harms; harm++) {
    server.push(...frames.slice(sent, sent + FRAMES_EACH));
    // While those are written.
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 200)));
    await fleet.harm(FAULTS[(seed + harm) % FAULTS.length]!);
    sent += FRAMES_EACH;
    // What is left writes what it takes over, before the others wake up.
    await atRest(sql, reached(frames, sent), 4);
    if (random.chance(0.5)) fleet.heal();
    while (fleet.size < 2) fleet.join();
  }
  fleet.heal();
  server.push(...frames.slice(sent));
  await atRest(sql, reached(frames, frames.length), 4);
  await assertFolded(sql, frames);
  const { batches, takeovers } = await readAudit(sql);
  assert.ok(batches > 0 && takeovers > 0, `${batches} batches, ${takeovers} takeovers`);
  const expected = harms >= FAULTS.length ? FAULTS : [];
  assert.deepEqual(
    expected.filter((fault) => !fleet.fired.has(fault)),
    [],
    `never happened; done: ${fleet.done.join("; ")}`,
  );
}

databaseTest(
  "processes that are killed, suspended, disconnected and slowed down give the same tables as one",
  seeded((seed, { sql, url }) => campaign({ sql, databaseUrl: url, seed, harms: HARMS })),
  { kinds: ["server"] },
);

databaseTest(
  "the same through a pooler in transaction mode",
  seeded(async (seed, { sql, url }) => {
    await using pooler = await Pooler.start(url, { mode: "transaction", size: 12 });
    const harms = Math.ceil(HARMS / 2);
    await campaign({ sql, databaseUrl: pooler.url, seed: seed + 1, harms });
  }),
  { kinds: ["server"], ignore: !hasPooler() },
);
