/** Rows like those of the archive: the records of the corpus, with names and CIDs that don't repeat. */

import { encode } from "@atcute/cbor";
import { recordCid } from "../lib/decoder/cbor/cid.ts";
import type { ArchiveRow } from "../tests/support/jetstream/archive_file.ts";
import { seededRandom } from "../tests/support/seeded_random.ts";

/** The server's default. */
export const ROWS_OF_BLOCK = 4096;

/** The rows of block `number`, from the events of the corpus. */
export function archiveRows(lines: readonly string[], number: number): ArchiveRow[] {
  const random = seededRandom(1 + number);
  const name = (length: number): string =>
    Array.from({ length }, () => "234567abcdefghijklmnopqrstuvwxyz"[Math.floor(random() * 32)])
      .join("");
  const records = lines.map((line) => JSON.parse(line).commit)
    .filter((commit) => commit?.record !== undefined);
  return Array.from({ length: ROWS_OF_BLOCK }, (_, i) => {
    const { collection, record } = records[i % records.length];
    const text = JSON.stringify(record)
      .replaceAll(/did:plc:[a-z2-7]{24}/g, () => `did:plc:${name(24)}`)
      .replaceAll(/3m[a-z2-7]{11}/g, () => `3m${name(11)}`)
      .replaceAll(/baf[yk]rei[a-z2-7]{52}/g, () => recordCid(encode(name(24))))
      .replaceAll(/\.\d{3}Z/g, () => `.${100 + Math.floor(random() * 900)}Z`);
    const seq = number * ROWS_OF_BLOCK + i + 1;
    return {
      seq,
      witnessedAt: 1_787_218_201_004_512 + 431 * seq,
      kind: "create",
      did: `did:plc:${name(24)}`,
      collection,
      rkey: `3m${name(11)}`,
      rev: `3m${name(11)}`,
      content: JSON.parse(text),
    };
  });
}
