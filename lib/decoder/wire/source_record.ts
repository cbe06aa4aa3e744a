/** A record that was read from its repository, as an event: judged as if a stream had brought it. */

import { buildCommit } from "./commit.ts";
import type { DecoderOptions } from "./decoder.ts";
import type { Event } from "../event.ts";

export interface SourceRecordParts {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
  /** The repository's revision when it was read. */
  readonly rev: string;
  readonly cid: string | null;
  /** DAG-CBOR; null for a record that no longer exists. */
  readonly bytes: Uint8Array | null;
  /** When reading began, Unix microseconds. */
  readonly timeUs: number;
}

export function readSourceRecord(parts: SourceRecordParts, options: DecoderOptions): Event {
  const { did, collection, rkey, rev, cid, bytes, timeUs } = parts;
  return buildCommit({
    did,
    collection,
    rkey,
    rev,
    operation: bytes === null ? "delete" : "update",
    cid,
    record: bytes ?? undefined,
    position: { cursor: 0, timeUs },
    raw: [did, rev, collection, rkey].join("\0"),
  }, options);
}
