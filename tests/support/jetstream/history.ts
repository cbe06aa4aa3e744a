/** An archive with a live stream at one address, and the resulting tables. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";
import type { ProgramOptions } from "../crash/in_process.ts";
import { databaseTest } from "../database.ts";
import { SMALLEST } from "../mapper_sample.ts";
import { didOf, SampleEvents, tidAt } from "../sample_events.ts";
import { type ArchiveRow, blockOf, type RowKind, timeOf } from "./archive_file.ts";
import { type ArchiveOptions, ArchiveServer } from "./archive_server.ts";
import { OneOrigin } from "./one_origin.ts";
import { ReplayServer } from "./replay_server.ts";

/** A row of the archive about Alice's scene of that name, or about her account. */
export function row(seq: number, kind: RowKind, rkey = ""): ArchiveRow {
  const did = didOf("alice");
  const time = new Date(timeOf(seq) / 1000).toISOString();
  const relay = { did, seq, time };
  if (kind === "identity") {
    return { seq, kind, did, content: { ...relay, handle: "alice.example" } };
  }
  if (kind === "account") return { seq, kind, did, content: { ...relay, active: true } };
  const rev = tidAt(timeOf(seq));
  if (kind === "sync") return { seq, kind, did, rev, content: { ...relay, rev } };
  const address = { seq, kind, did, collection: "app.subcult.scene", rkey, rev };
  if (kind === "delete") return address;
  return { ...address, content: { $type: "app.subcult.scene", ...SMALLEST["scene"] } };
}

/** The rkeys of the scenes that the app shows. */
export async function liveScenes(sql: Sql): Promise<string[]> {
  const rows = await sql<{ rkey: string }[]>`
    select record_rkey as rkey from scenes where deleted_at is null order by record_rkey`;
  return rows.map(({ rkey }) => rkey);
}

/** The seq after which each plan was requested. */
export function planned(server: ArchiveServer): number[] {
  return server.plans.map(({ afterSeq = 0 }) => afterSeq);
}

/** All seven kinds, over two segments, with a block that compaction left empty. */
const ROWS: readonly (readonly ArchiveRow[])[] = [
  [row(1, "create", "gone"), row(2, "create", "lost"), row(3, "delete", "gone")],
  [row(4, "identity"), row(5, "account"), row(6, "sync")],
  [],
  [row(9, "replacement", "found"), row(10, "create", "more"), row(11, "update", "more")],
];

function archive(options: ArchiveOptions): ArchiveServer {
  const [one, two, , four] = ROWS.map((rows) => rows.length === 0 ? null : blockOf(rows));
  return new ArchiveServer([[one!, two!], [blockOf([], 7, 8), four!]], options);
}

/** The live stream beside it begins with the last row of the archive, and goes on. */
function liveBeside(): { server: ReplayServer; last: number } {
  const server = new ReplayServer({ firstSeq: 11 });
  const events = new SampleEvents(timeOf(10));
  server.push({ ...events.put("alice/scene/more"), time_us: timeOf(11) });
  const last = server.push(events.put("alice/scene/live"), events.put("bob/scene/live2"));
  return { server, last };
}

/** The scenes that are live after both. */
export const CONVERGED = ["found", "live", "live2", "more"];

export interface ArchiveTest {
  readonly history: ArchiveServer;
  readonly live: ReplayServer;
  /** Seq of the last event of the live stream. */
  readonly last: number;
  readonly sql: Sql;
  readonly options: ProgramOptions;
}

/** Plays the archive and the live stream beside it, at one address. */
export function archiveTest(
  name: string,
  { startFrom, ...archiveOptions }: ArchiveOptions & { readonly startFrom: string },
  act: (test: ArchiveTest) => Promise<void>,
): void {
  databaseTest(name, async ({ url, sql }) => {
    await using history = archive(archiveOptions);
    const { server, last } = liveBeside();
    await using live = server;
    await using origin = new OneOrigin({ live: live.port, archive: history.port });
    const env = { START_FROM: startFrom };
    const options = { databaseUrl: url, streamUrl: origin.v2Url, env };
    await act({ history, live, last, sql, options });
  });
}
