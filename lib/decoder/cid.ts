/** CIDs of version 1 with SHA-256, the only ones in AT Protocol; binary they have 36 bytes. */

import { CODEC_DCBOR, fromDigest, toString } from "@atcute/cid";
import { createSHA256 } from "hash-wasm";

/** Made once, as in `xxhash.ts`. For a record it takes two thirds of the time of `node:crypto`. */
const hasher = await createSHA256();

/** Version, codec, hash function and length of the digest; the digest follows. */
export const CID_BYTES = 36;
const RAW = 0x55;
const SHA256 = 0x12;

/** The CID of a record, from its DAG-CBOR, as text. */
export function recordCid(record: Uint8Array): string {
  return toString(fromDigest(CODEC_DCBOR, sha256(record)));
}

/** Whether the bytes at an index begin with a CID of a kind that AT Protocol uses. */
export function isCid(bytes: Uint8Array, at: number): boolean {
  const codec = bytes[at + 1];
  return bytes.length - at >= CID_BYTES && bytes[at] === 1 &&
    (codec === CODEC_DCBOR || codec === RAW) && bytes[at + 2] === SHA256 && bytes[at + 3] === 32;
}

/** Whether a binary CID is that of some data. */
export function isCidOf(cid: Uint8Array, data: Uint8Array): boolean {
  const digest = sha256(data);
  return digest.every((byte, i) => byte === cid[4 + i]);
}

/** Binary CIDs as keys of a map: a character a byte. */
export function cidKey(cid: Uint8Array): string {
  // One call with all of them takes half the time of a call for each. They are few: the decoder of
  // DAG-CBOR lets no longer link through.
  return Reflect.apply(String.fromCharCode, null, cid);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest("binary");
}
