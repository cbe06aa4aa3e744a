/** The mapper version of each collection's records, and the progress of a reindex. */

import type { Collection, RecordKey } from "../../mapper/collection.ts";
import { PLACE_RULES } from "../../mapper/consent/consent.ts";
import type { Sql } from "../connection/sql.ts";

/** The records that are mapped by one version: those of a collection, or of all others. */
export interface MappedRecords extends Pick<Collection, "nsid" | "mapping" | "upgrades"> {
  /** The collections that have a version of their own, for those of all others. */
  readonly except?: readonly string[];
}

/** The records of collections without a product table, and the dead letters: only rules for places apply to them. */
export function allBut(collections: readonly Collection[]): MappedRecords {
  return { nsid: "*", mapping: 0, except: collections.map(({ nsid }) => nsid) };
}

/** What a collection's mapper makes of a record, the forms that it knows, and the rules for places before it. */
export function mappingVersion({ mapping, upgrades = [] }: MappedRecords): string {
  return `${mapping}.${upgrades.length + 1}.${PLACE_RULES}`;
}

/** A collection whose records were mapped by another version. */
export interface OutdatedMapping {
  readonly collection: string;
  /** Null: unknown. */
  readonly mapped: string | null;
  readonly current: string;
}

/** The progress of a collection's reindex. */
export interface ReindexProgress {
  readonly after: RecordKey;
  readonly done: number;
  readonly changed: number;
}

/**
 * The collections that need a reindex. Collections without records need none: they are marked as mapped by
 * this version.
 */
export async function outdatedMappings(
  sql: Sql,
  collections: readonly MappedRecords[],
): Promise<OutdatedMapping[]> {
  const rows = await sql<{ collection: string; version: string | null }[]>`
    select collection, version from mappings`;
  const stored = new Map(rows.map(({ collection, version }) => [collection, version]));
  const outdated: OutdatedMapping[] = [];
  for (const collection of collections) {
    const { nsid, except } = collection;
    const current = mappingVersion(collection);
    if (!stored.has(nsid)) {
      const [noted] = await sql<{ version: string | null }[]>`
        insert into mappings (collection, version)
        select ${nsid}, case when not exists (select from records ${
        except === undefined ? sql`where collection = ${nsid}` : sql``
      }) then ${current}::text end
        on conflict (collection) do update set collection = excluded.collection
        returning version`;
      stored.set(nsid, noted?.version ?? null);
    }
    const mapped = stored.get(nsid) ?? null;
    if (mapped !== current) outdated.push({ collection: nsid, mapped, current });
  }
  return outdated;
}

/** Begins a reindex, or continues an unfinished one of the same version. */
export async function beginReindex(sql: Sql, collection: MappedRecords): Promise<ReindexProgress> {
  const version = mappingVersion(collection);
  const [row] = await sql<
    {
      did: string | null;
      nsid: string | null;
      rkey: string | null;
      done: number;
      changed: number;
    }[]
  >`
    insert into mappings as m (collection, reindexing) values (${collection.nsid}, ${version})
    on conflict (collection) do update set reindexing = excluded.reindexing,
      after_did = case when m.reindexing = excluded.reindexing then m.after_did end,
      after_collection = case when m.reindexing = excluded.reindexing then m.after_collection end,
      after_rkey = case when m.reindexing = excluded.reindexing then m.after_rkey end,
      done = case when m.reindexing = excluded.reindexing then m.done else 0 end,
      changed = case when m.reindexing = excluded.reindexing then m.changed else 0 end
    returning after_did as did, after_collection as nsid, after_rkey as rkey, done::float8 as done, changed::float8 as changed`;
  const { did, nsid, rkey, done = 0, changed = 0 } = row ?? {};
  return { after: { did: did ?? "", collection: nsid ?? "", rkey: rkey ?? "" }, done, changed };
}

export async function advanceReindex(
  sql: Sql,
  collection: MappedRecords,
  { after, done, changed }: ReindexProgress,
): Promise<void> {
  await sql`update mappings set after_did = ${after.did}, after_collection = ${after.collection},
      after_rkey = ${after.rkey}, done = ${done}, changed = ${changed}
    where collection = ${collection.nsid} and reindexing = ${mappingVersion(collection)}`;
}

/** Marks all records of a collection as mapped by this version. */
export async function finishReindex(sql: Sql, collection: MappedRecords): Promise<void> {
  await sql`update mappings set version = reindexing, reindexing = null, after_did = null,
      after_collection = null, after_rkey = null, reindexed_at = now()
    where collection = ${collection.nsid} and reindexing = ${mappingVersion(collection)}`;
}
