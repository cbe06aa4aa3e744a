/** Identifiers as a repository makes them: the TID of a revision, the CID of a record. */

import { createHash } from "node:crypto";

const SORTABLE = "234567abcdefghijklmnopqrstuvwxyz";
const LOWER = "abcdefghijklmnopqrstuvwxyz234567";

/** A timestamp identifier for a time in Unix microseconds. */
export function tidOf(timeUs: number, clock: number): string {
  let bits = BigInt(timeUs) << 10n | BigInt(clock);
  let text = "";
  for (let place = 0; place < 13; place++, bits >>= 5n) {
    text = SORTABLE.charAt(Number(bits & 31n)) + text;
  }
  return text;
}

/** A well-formed CID for the record; it names the JSON, since nothing recomputes it. */
export function cidOf(record: unknown): string {
  const digest = createHash("sha256").update(JSON.stringify(record) ?? "").digest();
  let text = "b";
  let value = 0;
  let bits = 0;
  for (const byte of [0x01, 0x71, 0x12, 0x20, ...digest]) {
    value = (value << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += LOWER.charAt(value >> (bits - 5) & 31);
  }
  return bits === 0 ? text : text + LOWER.charAt(value << (5 - bits) & 31);
}
