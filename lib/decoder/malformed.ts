/** The event for a message that can't be decoded, as a whole or in part. */

import { isDid } from "./address.ts";
import type { Message } from "./raw_message.ts";
import type { Malformed, Position, Refusal } from "./event.ts";
import { excerptOfMessage, excerptOfStructure, fingerprintOf } from "./excerpt.ts";
import type { Structure } from "./excerpt.ts";

/**
 * Builds it from the raw message, whose hash identifies it. `structure` is what the message said it is about,
 * if it could be parsed so far; otherwise null.
 */
export function malformed(
  refusal: Refusal,
  raw: Message,
  position: Position | null,
  structure: Structure | null,
): Malformed {
  return {
    kind: "malformed",
    refusal,
    excerpt: structure === null ? excerptOfMessage(raw) : excerptOfStructure(structure),
    fingerprint: fingerprintOf(raw),
    ...(ACCOUNT_KINDS.has(structure?.kind)
      ? { account: isDid(structure?.did) ? structure.did : null }
      : {}),
    position,
  };
}

/** Kinds of events about an account as a whole. */
const ACCOUNT_KINDS: ReadonlySet<unknown> = new Set(["identity", "account", "sync"]);
