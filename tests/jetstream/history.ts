/** An archive with a live stream beside it, at one address, and what the tables make of both. */

import type { Sql } from "postgres";
import { SMALLEST } from "../mapper_sample.ts";
import { didOf, tidAt } from "../sample_events.ts";
import { type ArchiveRow, type RowKind, timeOf } from "./archive_file.ts";
import type { ArchiveServer } from "./archive_server.ts";

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

/** After which seq each plan was asked for. */
export function planned(server: ArchiveServer): number[] {
  return server.plans.map(({ afterSeq = 0 }) => afterSeq);
}
