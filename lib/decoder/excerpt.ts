/**
 * What is kept of a message that can't be decoded. A broken message may hold somebody's address, so every
 * number and geohash is removed, and the text is safe to store and to log.
 */

import { createHash } from "node:crypto";
import { isDid, isNsid, isRev, isRkey } from "./address.ts";
import type { Message } from "./raw_message.ts";

/** Length limit in characters; the whole structure of an ordinary commit fits. */
const EXCERPT_MAX = 2048;

/** What a message says it is about, unvalidated: only values with valid syntax are shown. */
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

/** The excerpt of a parsed message: JSON with what it is about, and never its record. */
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
 * The excerpt of a message that could not be parsed. For text, the outline of its beginning: punctuation and
 * the words of the protocol; every other letter and digit of any script is masked, because an address can
 * hide in words as well as in numbers. For bytes, only their number.
 */
export function excerptOfMessage(message: Message): string {
  if (typeof message !== "string") return `${message.length} bytes`;
  // Masking keeps lengths, so twice the excerpt is enough to see a word that crosses its end.
  return message.slice(0, 2 * EXCERPT_MAX).toWellFormed()
    .replace(WORD, (word) => WIRE_WORDS.has(word) ? word : "#".repeat(word.length))
    .replace(UNPRINTABLE, "\ufffd")
    .slice(0, EXCERPT_MAX).toWellFormed();
}

const WORD = /[\p{L}\p{M}]+|\p{N}+/gu;

/** Keys and fixed values of the protocols, in parts. */
const WIRE_WORDS: ReadonlySet<string> = new Set(
  ("did plc web kind type time us cursor seq commit identity account sync info error message payload " +
    "rev operation create update delete collection rkey cid record handle active status name " +
    "app bsky subcult scene event post alliance membership stream true false null").split(" "),
);

/** Control and format characters, which forge log lines or hide text, and line separators. */
const UNPRINTABLE = /[\p{C}\u2028\u2029]/gu;

/** Lower-case hex SHA-256 of a message; for text, of its UTF-8. */
export function fingerprintOf(message: Message): string {
  return createHash("sha256").update(message).digest("hex");
}
