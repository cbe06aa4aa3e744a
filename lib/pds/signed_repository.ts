/**
 * A repository as its owner signed it: a CAR with the commit, the tree and the records. Everything is reached
 * from the signed commit by hashes, so a host can withhold a repository but not alter it.
 */

import { fromUint8Array as readCar } from "@atcute/car";
import { decode, encode, fromBytes } from "@atcute/cbor";
import { toString } from "@atcute/cid";
import { type FoundPublicKey, verifySig } from "@atcute/crypto";
import { type Commit, fromUint8Array as readRepository, isCommit } from "@atcute/repo";
import { isCidOf } from "../decoder/cbor/cid.ts";
import { SourceError } from "./source_error.ts";

export interface SourceRecord {
  readonly collection: string;
  readonly rkey: string;
  readonly cid: string;
  /** Its DAG-CBOR, verified against its CID. */
  readonly bytes: Uint8Array;
}

/** The state of a repository at one revision. */
export interface Snapshot {
  readonly rev: string;
  readonly records: readonly SourceRecord[];
  /** Whether the records of a collection were read. */
  readonly covers: (collection: string) => boolean;
}

/** Why a repository can't be used, in words that quote nothing of it. */
class Unusable extends Error {}

/**
 * Reads a repository's CAR, and the records of the collections in `wanted`. The whole tree is walked before
 * the first record is yielded, so a truncated CAR is always noticed.
 *
 * Throws a `SourceError` when it is truncated, altered, of another account, or not signed with the key.
 */
export async function readSignedRepository(
  car: Uint8Array,
  { did, key }: { readonly did: string; readonly key: FoundPublicKey },
  wanted: (collection: string) => boolean,
): Promise<Snapshot> {
  try {
    const commit = readCommit(car);
    if (commit.did !== did) throw new Unusable("it is the repository of another account");
    await verifyCommit(commit, key);
    return { rev: commit.rev, records: readRecords(car, wanted), covers: wanted };
  } catch (error) {
    // Errors of the libraries quote what they read, which can hold a place.
    const why = error instanceof Unusable ? error.message : "its CAR can't be read";
    throw new SourceError("invalid", `cannot use the repository of ${did}: ${why}`);
  }
}

/** The commit that the CAR's root names. All blocks are verified against their CIDs on the way. */
function readCommit(car: Uint8Array): Commit {
  const reader = readCar(car);
  const root = reader.roots[0]?.$link;
  let found: unknown;
  for (const { cid, bytes } of { [Symbol.iterator]: () => reader[Symbol.iterator]() }) {
    if (!isCidOf(cid.bytes, bytes)) throw new Unusable("a block does not match its CID");
    if (toString(cid) === root) found = decode(bytes);
  }
  if (!isCommit(found)) throw new Unusable("its root is no commit");
  return found;
}

async function verifyCommit({ sig, ...unsigned }: Commit, key: FoundPublicKey): Promise<void> {
  const isSigned = await verifySig(key, new Uint8Array(fromBytes(sig)), encode(unsigned));
  if (!isSigned) {
    throw new Unusable("its signature is not of the key that its owner's document names");
  }
}

function readRecords(car: Uint8Array, wanted: (collection: string) => boolean): SourceRecord[] {
  const records: SourceRecord[] = [];
  let before = "";
  for (const { collection, rkey, cid, bytes } of readRepository(car)) {
    const path = `${collection}/${rkey}`;
    if (path <= before) throw new Unusable("its records are not in order");
    before = path;
    if (wanted(collection)) records.push({ collection, rkey, cid: cid.$link, bytes });
  }
  return records;
}
