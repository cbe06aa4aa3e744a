/**
 * The queue and a batch, filled up to their limits: the database does not answer, and the server keeps sending
 * records that take many times more memory than their text. The executable (or the program from its
 * source, where none is made) has its own heap limit, and the memory of its unit.
 */

import { databaseTest } from "../support/database.ts";
import { PROGRAM, PROGRAM_NAME } from "../support/hostile/executable.ts";
import { assertWithinMemory, MEMORY_LIMITED } from "../support/hostile/memory_limit.ts";
import { commit, Victim } from "../support/hostile/victim.ts";
import type { Peer } from "../support/jetstream/websocket_server.ts";

const PATIENCE_MS = 300_000;

function items(count: number, item: (at: number) => string): string {
  return `[${Array.from({ length: count }, (_, at) => item(at)).join()}]`;
}

/** What V8 makes most of, as `decoder/limits_test.ts` has it; nearly 100,000 values each. */
const COSTLY: readonly (readonly [what: string, make: (record: number) => string])[] = [
  ["objects with a number as key", () => items(49_000, () => '{"34":1}')],
  [
    "objects with keys of their own",
    (record) => items(49_000, (at) => `{"k${(record * 49_000 + at).toString(36)}":1}`),
  ],
  ["empty objects", () => items(98_000, () => "{}")],
];

/** By their text alone, more than twice as much as the queue and a batch may hold. */
const RECORDS = 40;

for (const [what, make] of COSTLY) {
  databaseTest(
    `a queue and a batch full of ${what} (${PROGRAM_NAME}, ${MEMORY_LIMITED})`,
    async (database) => {
      const { sql } = database;
      await using victim = await Victim.start(database, { LOG_LEVEL: "info" }, PROGRAM);
      await victim.suffer(async (peer) => {
        const { promise: released, resolve: release } = Promise.withResolvers<void>();
        const held = Promise.withResolvers<void>();
        const standstill = sql.begin(async (tx) => {
          await tx`lock table records in access exclusive mode`;
          held.resolve();
          await released;
        });
        await Promise.race([held.promise, standstill]);
        const sent = sendAll(peer, make);
        try {
          await victim.says("/metrics", /^indexer_paused 1$/m, PATIENCE_MS);
        } finally {
          release();
        }
        await standstill;
        await sent;
      }, { patienceMs: PATIENCE_MS });
      await assertWithinMemory(victim.pid);
    },
    { kinds: ["server"] },
  );
}

/** TCP stops the server while reading is paused. */
async function sendAll(peer: Peer, make: (record: number) => string): Promise<void> {
  for (let record = 0; record < RECORDS; record++) {
    const text = `{"name":"x","note":${make(record)}}`;
    await peer.send(commit("did:plc:mallory", "scene", `r${record}`, text));
  }
}
