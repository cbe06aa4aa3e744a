/**
 * What is kept of a message that can't be decoded. A broken message may hold somebody's address, so
 * no number and no geohash of it survives; and the text is safe to store and to log.
 */

import { createHash } from "node:crypto";
import { isDid, isNsid, isRev, isRkey } from "./address.ts";
import type { Message } from "./decoder.ts";

/** Characters of an excerpt; all of the structure of an ordinary commit fits. */
const EXCERPT_MAX = 2048;

/** What a message says it is about, unchecked: only values of the right syntax are shown. */
export interface Structure {
  readonly kind?: unknown;
  readonly operation?: unknown;
  readonly did?: unknown;
  readonly collection?: unknown;
  readonly rkey?: unknown;
  readonly rev?: unknown;
}

const KINDS: ReadonlySet<unknown> = new Set(["commit", "identity", "account", "sync", "info"]);
const OPERATIONS: ReadonlySet<unknown> = new Set(["create", "update", "delete"]);

/** The excerpt of a message that was parsed: JSON with what it is about, and never its record. */
export function excerptOfStructure(structure: Structure): string {
  const { kind, operation, did, collection, rkey, rev } = structure;
  const shown = {
    kind: KINDS.has(kind) ? kind : undefined,
    operation: OPERATIONS.has(operation) ? operation : undefined,
    did: isDid(did) ? did : undefined,
    collection: isNsid(collection) ? collection : undefined,
    rkey: isRkey(rkey) ? rkey : undefined,
    rev: isRev(rev) ? rev : undefined,
  };
  return JSON.stringify(shown).slice(0, EXCERPT_MAX);
}

/**
 * The excerpt of a message that could not be parsed. Of text, its beginning, with every digit of any
 * script and every run that could be a geohash finer than six characters masked. Of bytes, only how
 * many there are: a coordinate could hide in them in any form.
 */
export function excerptOfMessage(message: Message): string {
  if (typeof message !== "string") return `${message.length} bytes`;
  // Masking keeps lengths, so twice the excerpt is enough to see a run that crosses its end.
  return message.slice(0, 2 * EXCERPT_MAX).toWellFormed()
    .replace(GEOHASH_RUN, (run) => "#".repeat(run.length))
    .replace(DIGIT, "#")
    .replace(UNPRINTABLE, "\ufffd")
    .slice(0, EXCERPT_MAX).toWellFormed();
}

/** Letters of geohashes are those of base 32 without a, i, l and o; either case. */
const GEOHASH_RUN = /[0-9b-hjkmnp-z]{7,}/gi;
const DIGIT = /\p{N}/gu;
/** Control and format characters, which forge log lines or hide text, and line separators. */
const UNPRINTABLE = /[\p{C}\u2028\u2029]/gu;

/** Lower-case hex SHA-256 of a message; of text, its UTF-8. */
export function fingerprintOf(message: Message): string {
  return createHash("sha256").update(message).digest("hex");
}
