/**
 * The partition of a DID. All records of a repository are in one partition, so references within a repository
 * never cross partitions.
 */

import { createHash } from "node:crypto";
import type { Event } from "../../decoder/event.ts";

/** One partition, and how many there are. */
export interface Share {
  readonly partition: number;
  readonly of: number;
}

/** The only partition of an index that is not divided. */
export const WHOLE: Share = { partition: 0, of: 1 };

/** The number of partitions has changed: the writer has to read the new one. */
export class PartitionsChangedError extends Error {
  override readonly name = "PartitionsChangedError";
  constructor(expected: number, readonly found: number) {
    super(`cannot write: the index has ${found} partitions by now, expected ${expected}`);
  }
}

/** More DIDs than a batch has, in a few megabytes of memory. */
const REMEMBERED = 20_000;

const hashes = new Map<string, number>();

/** The partition of a DID. The database function `partition_of` gives the same. */
export function partitionOf(did: string, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = hashes.get(did);
  if (hash === undefined) {
    hash = createHash("sha256").update(did).digest().readUInt32BE(0);
    if (hashes.size >= REMEMBERED) hashes.clear();
    hashes.set(did, hash);
  }
  return hash % partitions;
}

/**
 * The partition of an event. A message without a DID goes by its fingerprint. Null: the event has no
 * partition.
 */
export function partitionOfEvent(event: Event, partitions: number): number | null {
  switch (event.kind) {
    case "commit":
    case "account":
    case "identity":
    case "sync":
      return partitionOf(event.did, partitions);
    case "malformed":
      return partitionOf(event.account ?? event.fingerprint, partitions);
    case "foreign":
    case "notice":
      return null;
  }
}

/** Whether a DID is in a share. */
export function owns({ partition, of }: Share, did: string): boolean {
  return of === 1 || partitionOf(did, of) === partition;
}
