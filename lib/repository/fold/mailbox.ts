/**
 * Notes between partitions. When a record that others may refer to starts or stops being live, the
 * transaction that writes the change leaves a note for each other partition. That partition judges its own
 * children of the record again and deletes the note, both in one transaction.
 *
 * A note is a plain row. With a unique key or a foreign key, writers would wait for readers, and two
 * partitions for each other. Note ids are not in commit order, so only notes that were read are deleted.
 */

import type { Row } from "../../mapper/collection.ts";
import type { ChangedParent } from "./changed_parent.ts";
import type { Share } from "../partitions/partition.ts";
import { KEY } from "../tables/ledger_table.ts";
import { type BulkStatement, columnsOf, insertInto, type RowColumn } from "../tables/rows.ts";
import type { Sql, TransactionSql } from "../connection/sql.ts";

const NOTE: readonly RowColumn[] = [
  ...columnsOf("bigint", "partition"),
  ...KEY,
  ...columnsOf("boolean", "was_live"),
];

export const WRITE_NOTES: BulkStatement = { columns: NOTE, text: insertInto("mailbox", NOTE) };

/** One note for each other partition. */
export function noteRows(notes: readonly ChangedParent[], { partition, of }: Share): Row[] {
  const others = Array.from({ length: of }, (_, index) => index)
    .filter((index) => index !== partition);
  return notes.flatMap(({ key: { did, collection, rkey }, wasLive }) =>
    others.map((partition) => ({ partition, did, collection, rkey, was_live: wasLive }))
  );
}

interface NoteRow {
  readonly did: string | null;
  readonly collection: string | null;
  readonly rkey: string | null;
  readonly was_live: boolean;
  readonly scene_id: string | null;
  readonly user_did: string | null;
}

/** Postgres rejects the consequences of some notes, and the record at fault can't be determined. */
export class UndigestedMailError extends Error {
  override readonly name = "UndigestedMailError";
  constructor(cause: unknown) {
    super("cannot judge again what notes of other partitions name", { cause });
  }
}

/** The content of some notes. */
export interface Mail {
  readonly taken: number;
  /** Records whose children are to be judged again. */
  readonly parents: readonly ChangedParent[];
}

/**
 * Reads and deletes up to `most` notes of a partition. Notes about a scene and a member are handled here:
 * which of their memberships is in force depends on decisions of another partition.
 */
export async function takeMail(
  tx: TransactionSql,
  { partition }: Share,
  most: number,
): Promise<Mail> {
  const rows = await tx<NoteRow[]>`
    delete from mailbox where id = any (array(
      select id from mailbox where partition = ${partition} order by id limit ${most}))
    returning did, collection, rkey, was_live, scene_id::text as scene_id, user_did`;
  const pairs = rows.filter(({ scene_id }) => scene_id !== null);
  if (pairs.length > 0) {
    const scenes = JSON.stringify(pairs.map(({ scene_id }) => scene_id));
    const users = JSON.stringify(pairs.map(({ user_did }) => user_did));
    await tx`select put_in_force(
      array(select s::uuid from json_array_elements_text(${scenes}::text::json) as s),
      array(select u from json_array_elements_text(${users}::text::json) as u))`;
  }
  const parents = rows.flatMap(({ did, collection, rkey, was_live: wasLive }) =>
    did === null || collection === null || rkey === null
      ? []
      : [{ key: { did, collection, rkey }, wasLive }]
  );
  return { taken: rows.length, parents };
}

/** Whether a partition has unread notes. */
export async function hasMail(sql: Sql, { partition }: Share): Promise<boolean> {
  const [row] = await sql<{ mail: boolean }[]>`
    select exists (select from mailbox where partition = ${partition}) as mail`;
  return row?.mail ?? false;
}
