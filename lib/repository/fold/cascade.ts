/**
 * Finds the records that a change affects: when a record starts or stops being live, the records that refer
 * to it are judged again, then the records that refer to those.
 */

import type { TransactionSql } from "../connection/sql.ts";
import type { RecordKey, Reference } from "../../mapper/collection.ts";
import type { Mapper } from "../../mapper/content.ts";
import { isDecision } from "../../mapper/decision.ts";
import { recordId } from "../../mapper/record_id.ts";
import type { ChangedParent } from "./changed_parent.ts";
import { questionsOf } from "./record_queries.ts";
import type { RecordRow } from "./stored_rows.ts";
import { PREPARED } from "./store.ts";
import { type Entry, nameOf, uriOf } from "./entry.ts";

/** Records judged at a time. Bounds memory, however many children there are. */
export const CHUNK = 1000;

/** Whether a change of this entry can change the verdict of other records. */
export function isParentChange(
  entry: Entry,
  isLive: boolean,
  { targets, decided }: Mapper,
): boolean {
  const { collection } = entry.key;
  if (!targets.has(collection)) return false;
  // A record that is new in the ledger becomes the target of bare references in its own repository. An
  // account's first request ends the invitations that were sent to it.
  if (entry.stored === null) return true;
  const wasLive = entry.stored.state === "applied";
  if (wasLive !== isLive) return true;
  // A request that stays live may now ask for something else. Re-evaluating a decision must not count as a
  // change: two owners who decide about each other would loop forever.
  return isLive && decided.has(collection) && (entry.accepted || !isDecision(entry.content));
}

/**
 * Whether records of other partitions may have to be judged again because of this entry. Re-evaluating a
 * record with the same verdict must not count as a change: two partitions that notify each other would loop
 * forever.
 */
export function concernsOtherPartitions(
  entry: Entry,
  isLive: boolean,
  loose: readonly string[] | null,
  { targets, decided }: Mapper,
): boolean {
  const { key: { collection }, stored } = entry;
  if (!targets.has(collection)) return false;
  if ((stored?.state === "applied") !== isLive) return true;
  if (!decided.has(collection)) return false;
  // An account's first request ends the invitations that were sent to it.
  if (stored === null) return true;
  // A live request may now ask for something else: by a new revision, or because its bare reference has a new
  // target.
  const isMoved = (stored.loose !== null || loose !== null) && !isDecision(entry.content);
  return isLive && (entry.accepted || isMoved);
}

/** Some records that refer to others: their keys, and their rows where already loaded. */
export interface Children {
  readonly keys: readonly RecordKey[];
  readonly rows: readonly RecordRow[] | null;
}

/** The names by which other records may refer to a record, or to the request that they answer. */
export function namesOf({ did, collection, rkey }: RecordKey, { decided }: Mapper): string[] {
  const name = nameOf(collection, rkey);
  return decided.has(collection) ? [name, nameOf(collection, did)] : [name];
}

/** A statement that selects the keys of all records that refer to the given parents. */
function selectChildren(
  mapper: Mapper,
  parents: readonly ChangedParent[],
): { readonly text: string; readonly parameters: string[] } {
  const uris = parents.map(({ key }) => uriOf(key));
  const names = parents.flatMap(({ key }) => namesOf(key, mapper));
  const parameters: string[] = [JSON.stringify(uris), JSON.stringify([...new Set(names)])];
  const parts = [
    `select did, collection, rkey from records
      where waiting_for in (select u collate "C" from json_array_elements_text($1::text::json) as u)`,
    `select did, collection, rkey from records
      where loose_references operator(pg_catalog.&&) array(select json_array_elements_text($2::text::json) collate "C")`,
  ];
  for (const collection of mapper.collections) {
    for (const [column, target] of columnsOf(collection.references)) {
      const ids = parents.filter(({ key, wasLive }) => wasLive && key.collection === target)
        .map(({ key }) => recordId(key));
      if (ids.length === 0) continue;
      parameters.push(JSON.stringify(ids));
      // Each condition has its own index. A row that an operator hid is still a child.
      for (const seen of ["deleted_at is null", "deleted_at is not null and indexer_live"]) {
        parts.push(
          `select record_did, '${collection.nsid}', record_rkey from ${collection.table}
          where ${column} in (select i::uuid from json_array_elements_text($${parameters.length}::text::json) as i)
            and ${seen}`,
        );
      }
    }
  }
  return { text: parts.join("\n    union\n    "), parameters };
}

/** All records that refer to the given parents; null when there are too many for one query. */
export async function fewChildrenOf(
  tx: TransactionSql,
  mapper: Mapper,
  parents: readonly ChangedParent[],
): Promise<RecordRow[] | null> {
  const { text, parameters } = selectChildren(mapper, parents);
  const question = questionsOf(mapper).selected(`${text} limit ${CHUNK}`);
  const rows = await tx.unsafe<RecordRow[]>(question, parameters, PREPARED);
  // Rows that the app inserted itself have no record.
  return rows.length < CHUNK ? rows.filter(({ did }) => did !== null) : null;
}

/**
 * All records that refer to the given parents, in chunks. A database cursor keeps the set as it was before
 * the first child was judged again, so each child is returned once.
 */
export async function* childrenOf(
  tx: TransactionSql,
  mapper: Mapper,
  parents: readonly ChangedParent[],
): AsyncGenerator<Children> {
  // Most parents have few children or none: one query instead of the three that a cursor takes.
  const rows = await fewChildrenOf(tx, mapper, parents);
  if (rows !== null) {
    if (rows.length > 0) yield { keys: rows, rows };
    return;
  }
  const cursor = `children_${crypto.randomUUID().replaceAll("-", "")}`;
  const { text, parameters } = selectChildren(mapper, parents);
  await tx.unsafe(`declare ${cursor} no scroll cursor for ${text}`, parameters);
  while (true) {
    const keys = await tx.unsafe<RecordKey[]>(`fetch ${CHUNK} from ${cursor}`);
    if (keys.length > 0) yield { keys, rows: null };
    if (keys.length < CHUNK) break;
  }
  await tx.unsafe(`close ${cursor}`);
}

/** All records of a repository that are not deleted, in chunks. */
export async function* recordsOf(tx: TransactionSql, did: string): AsyncGenerator<RecordKey[]> {
  let after: RecordKey = { did, collection: "", rkey: "" };
  while (true) {
    const keys = await tx<RecordKey[]>`
      select did, collection, rkey from records
      where did = ${did} and (collection, rkey) > (${after.collection}, ${after.rkey})
        and state <> 'deleted'
      order by collection, rkey limit ${CHUNK}`;
    if (keys.length > 0) yield [...keys];
    const last = keys.at(-1);
    if (last === undefined || keys.length < CHUNK) return;
    after = last;
  }
}

/** Each reference column with its target collection, once. */
function columnsOf(references: readonly Reference[]): ReadonlyMap<string, string> {
  return new Map(references.map(({ column, target }) => [column, target]));
}
