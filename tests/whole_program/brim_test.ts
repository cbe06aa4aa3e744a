/**
 * Large reads, up to their limits: the executable (or the program from its source, where
 * none is made) has its own heap limit, and stays within the memory of its unit. `BOUNDED=full` takes more
 * than would ever fit; without it, there is just more than may be held at a time.
 */

import { randomBytes } from "node:crypto";
import { migrate } from "../../lib/repository/schema/migrate.ts";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { TEXT_BYTES } from "../support/bounded/large_records.ts";
import { databaseTest } from "../support/database.ts";
import { Alone } from "../support/hostile/alone.ts";
import { PROGRAM_NAME } from "../support/hostile/executable.ts";
import { MEMORY_LIMITED } from "../support/hostile/memory_limit.ts";
import { type ArchiveRow, blockOf, timeOf } from "../support/jetstream/archive_file.ts";
import { ArchiveServer } from "../support/jetstream/archive_server.ts";
import { OneOrigin } from "../support/jetstream/one_origin.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { TinyNetwork } from "../support/pds/tiny_network.ts";
import { didOf, tidAt } from "../support/sample_events.ts";

const isFull = Deno.env.get("BOUNDED") === "full";
const SERVER = { kinds: ["server"] } as const;
const COLLECTION = "app.subcult.scene";
const MiB = 2 ** 20;
const PATIENCE_MS = isFull ? 600_000 : 120_000;

/** The tested changes, each with its data. */
function named(what: string): string {
  return `${what} (${PROGRAM_NAME}, ${MEMORY_LIMITED})`;
}

/** Nearly the most that a record may have, and nothing that can be compressed or shared. */
function largeScene(): Record<string, unknown> {
  return { $type: COLLECTION, name: "large", note: randomBytes(TEXT_BYTES / 2).toString("hex") };
}

async function heldScenes(sql: Sql): Promise<number> {
  const [row] = await sql<{ held: number }[]>`
    select count(*)::int as held from records where state = 'applied'`;
  return row?.held ?? 0;
}

/** Blocks of 30 records are 27 MB each: far above what is downloaded ahead. */
const BLOCKS = isFull ? 20 : 3;
const ROWS = 30;

databaseTest(named("an archive of large records in blocks of 27 MB"), async ({ url, sql }) => {
  const did = didOf("alice");
  const row = (seq: number): ArchiveRow => ({
    seq,
    kind: "create",
    did,
    collection: COLLECTION,
    rkey: `s${seq}`,
    rev: tidAt(timeOf(seq)),
    content: largeScene(),
  });
  const blocks = Array.from(
    { length: BLOCKS },
    (_, block) => blockOf(Array.from({ length: ROWS }, (_, at) => row(1 + block * ROWS + at))),
  );
  await using history = new ArchiveServer([blocks], { wholeFrom: 100 });
  await using live = new ReplayServer({ firstSeq: BLOCKS * ROWS + 1 });
  await using origin = new OneOrigin({ live: live.port, archive: history.port });
  await migrate(sql);
  await using program = await Alone.start(url, origin.v2Url, { START_FROM: "archive" });
  await program.until(async () => await heldScenes(sql) === BLOCKS * ROWS, PATIENCE_MS);
}, SERVER);

const REPOSITORIES = isFull ? 4 : 2;
/** Just below `RECONCILE_MAX_BYTES`. */
const REPOSITORY_BYTES = (isFull ? 31 : 15) * MiB;

databaseTest(
  named("repositories as large as they may be, as many at a time as may be"),
  async (database) => {
    const { url, sql } = database;
    await using network = new TinyNetwork();
    await using live = new ReplayServer();
    const cars = new Map<string, Uint8Array<ArrayBuffer>>();
    let records = 0;
    for (let repository = 0; repository < REPOSITORIES; repository++) {
      const did = didOf(`big${"abcd"[repository]}`);
      await network.account(did);
      for (
        let bytes = 0, at = 0;
        bytes < REPOSITORY_BYTES - MiB;
        bytes += 900_000, at++, records++
      ) {
        network.put(did, `${COLLECTION}/${tidAt(timeOf(at))}`, largeScene());
      }
      cars.set(did, await network.car(did));
    }
    network.misbehaviour = (_, { pathname, searchParams }) => {
      const car = cars.get(searchParams.get("did") ?? "");
      return pathname.endsWith(".getRepo") && car !== undefined ? new Response(car) : null;
    };
    await migrate(sql);
    await sql`insert into reconciles (did, reason)
    select did, 'asked' from json_array_elements_text(${
      JSON.stringify([...cars.keys()])
    }::text::json) as did`;
    await using program = await Alone.start(url, live.url, {
      PLC_URL: network.url,
      RECONCILE_ALLOW_PRIVATE: "true",
      RECONCILE_AT_ONCE: String(REPOSITORIES),
    });
    await program.until(async () => await heldScenes(sql) === records, PATIENCE_MS);
  },
  SERVER,
);
