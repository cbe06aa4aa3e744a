/**
 * CIDs. Those of AT Protocol's own structures have version 1 and SHA-256, and 36 bytes in binary; a record
 * may link to others.
 */

import { CODEC_DCBOR } from "@atcute/cid";
import { toBase32, toBase58Btc } from "@atcute/multibase";
import { hash } from "node:crypto";

/** Version, codec, hash function and length of the digest; the digest follows. */
export const CID_BYTES = 36;
const RAW = 0x55;
const SHA256 = 0x12;
const DIGEST_BYTES = 32;

/** The binary CID of the record that was hashed last, with its digest. Reused, so that nothing is allocated. */
const recordCidBytes = new Uint8Array(CID_BYTES);
recordCidBytes.set([1, CODEC_DCBOR, SHA256, DIGEST_BYTES]);
const digest = recordCidBytes.subarray(CID_BYTES - DIGEST_BYTES);

/** The CID of a record, from its DAG-CBOR, as text. */
export function recordCid(record: Uint8Array): string {
  sha256(record);
  return `b${toBase32(recordCidBytes)}`;
}

/** The text of any CID: nothing here depends on its version, codec, hash and base. */
const CID_TEXT = /^[A-Za-z0-9+=]{8,256}$/;

/** Whether a value can be the text of a CID. */
export function isCidText(value: unknown): value is string {
  return typeof value === "string" && CID_TEXT.test(value);
}

/** Whether the bytes at an index begin with a CID of a kind that AT Protocol uses. */
export function isCid(bytes: Uint8Array, at: number): boolean {
  const codec = bytes[at + 1];
  return bytes.length - at >= CID_BYTES && bytes[at] === 1 &&
    (codec === CODEC_DCBOR || codec === RAW) && bytes[at + 2] === SHA256 && bytes[at + 3] === 32;
}

/** The text of any binary CID, of version 0 in base 58, otherwise in base 32; null when invalid. */
export function cidText(cid: Uint8Array): string | null {
  if (cid.length === 34 && cid[0] === SHA256 && cid[1] === 32) return toBase58Btc(cid);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < cid.length; scale *= 128) {
      const byte = cid[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return NaN;
  };
  const [version, codec, hash, digestBytes] = [varint(), varint(), varint(), varint()];
  const isWhole = version === 1 && codec >= 0 && hash >= 0 && digestBytes === cid.length - at;
  return isWhole && digestBytes > 0 ? `b${toBase32(cid)}` : null;
}

/** Whether a binary CID is the hash of some data. */
export function isCidOf(cid: Uint8Array, data: Uint8Array): boolean {
  sha256(data);
  return digest.every((byte, i) => byte === cid[4 + i]);
}

/** Binary CIDs as keys of a map: one character per byte. */
export function cidKey(cid: Uint8Array): string {
  // One call with all bytes takes half the time of one call per byte. They are few: the DAG-CBOR decoder
  // allows no longer link.
  return Reflect.apply(String.fromCharCode, null, cid);
}

/**
 * Writes the digest into `digest`, until the next call. Asking for hex digits and reading them takes half the
 * time of asking for bytes.
 */
function sha256(bytes: Uint8Array): void {
  const hex = hash("sha256", bytes, "hex");
  for (let i = 0; i < DIGEST_BYTES; i++) {
    digest[i] = digitOf(hex.charCodeAt(2 * i)) * 16 + digitOf(hex.charCodeAt(2 * i + 1));
  }
}

/** The value of a lower-case hex digit, from its ASCII code. */
function digitOf(code: number): number {
  return code < 0x61 ? code - 0x30 : code - 0x61 + 10;
}
