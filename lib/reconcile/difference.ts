/**
 * The changes that make the index equal to a repository's source. Revisions decide, as for the stream: a
 * ledger row with a later revision than that of the source stays as it is.
 */

import type { Snapshot, SourceRecord } from "../pds/signed_repository.ts";

/** The ledger's row of a record. */
export interface HeldRecord {
  readonly collection: string;
  readonly rkey: string;
  readonly rev: string;
  readonly cid: string | null;
  readonly deleted: boolean;
}

/** A record that the index lacks or has differently; with `bytes` null, one that no longer exists. */
export type Change = Pick<SourceRecord, "collection" | "rkey"> & {
  readonly cid: string | null;
  readonly bytes: Uint8Array | null;
};

/**
 * All changes of the collections that were read. `held`: the ledger's rows of the repository, tombstones included.
 */
export async function* differences(
  snapshot: Snapshot,
  held: AsyncIterable<readonly HeldRecord[]>,
): AsyncGenerator<Change> {
  const unseen = new Map(snapshot.records.map((record) => [pathOf(record), record]));
  for await (const rows of held) {
    for (const row of rows) {
      const path = pathOf(row);
      const record = unseen.get(path);
      unseen.delete(path);
      if (row.rev > snapshot.rev || !snapshot.covers(row.collection)) continue;
      if (record !== undefined) {
        if (row.deleted || row.cid !== record.cid) yield record;
      } else if (!row.deleted) {
        yield { collection: row.collection, rkey: row.rkey, cid: null, bytes: null };
      }
    }
  }
  yield* unseen.values();
}

function pathOf({ collection, rkey }: Pick<SourceRecord, "collection" | "rkey">): string {
  return `${collection}/${rkey}`;
}
