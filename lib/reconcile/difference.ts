/**
 * What the index has to change to say of a repository what its source says. Revisions decide, as they do for
 * the stream: what the ledger knows from a later revision than the source was read at stays as it is.
 */

import type { Snapshot, SourceRecord } from "../pds/signed_repository.ts";

/** What the ledger has of a record. */
export interface HeldRecord {
  readonly collection: string;
  readonly rkey: string;
  readonly rev: string;
  readonly cid: string | null;
  readonly deleted: boolean;
}

/** A record that the index lacks or has otherwise; or, with `bytes` null, one that is gone. */
export type Change = Pick<SourceRecord, "collection" | "rkey"> & {
  readonly cid: string | null;
  readonly bytes: Uint8Array | null;
};

/** All changes. `held`: the ledger's rows of the repository, tombstones included. */
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
      if (row.rev > snapshot.rev) continue;
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
