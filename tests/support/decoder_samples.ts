/** Messages and decoders for the tests of the frame decoders. */

import assert from "node:assert/strict";
import type { Coarsen, Decoder, DecoderOptions } from "../../lib/decoder/wire/decoder.ts";
import type { Message } from "../../lib/decoder/raw_message.ts";
import type { Commit, Event, Malformed } from "../../lib/decoder/event.ts";
import { DEFAULT_LIMITS } from "../../lib/decoder/limits.ts";
import type { Limits } from "../../lib/decoder/limits.ts";
import { createV1Decoder } from "../../lib/decoder/wire/v1.ts";
import { createV2Decoder } from "../../lib/decoder/wire/v2.ts";
import { readWanted } from "../../lib/decoder/wanted.ts";

export const DID = "did:plc:tidetablesexample234567a";
export const REV = "3mwztfqk2ws2a";
export const TIME_US = 1787218201004512;
export const CID = "bafyreiehcqtbvgiylctuy52xv6culfvs6oyesffav7mslwoqb3qgqkpbvi";

/** Changes no record; tests of the mapper cover consent. */
const asItIs: Coarsen = (_collection, record) => ({ record, refusal: null });

interface Changes {
  readonly wanted?: readonly string[];
  readonly coarsen?: Coarsen;
  readonly limits?: Partial<Limits>;
}

export function decoderOptions(changes: Changes = {}): DecoderOptions {
  return {
    wanted: readWanted(changes.wanted ?? ["app.subcult.*"]),
    coarsen: changes.coarsen ?? asItIs,
    limits: { ...DEFAULT_LIMITS, ...changes.limits },
  };
}

export function v1(changes: Changes = {}): Decoder {
  return createV1Decoder(decoderOptions(changes));
}

export function v2(changes: Changes = {}): Decoder {
  return createV2Decoder(decoderOptions(changes));
}

type Fields = Readonly<Record<string, unknown>>;

/** A v1 commit message as an object; `commit` and `envelope` replace or add fields. */
export function commitMessage(commit: Fields = {}, envelope: Fields = {}): Fields {
  return {
    did: DID,
    time_us: TIME_US,
    kind: "commit",
    commit: {
      rev: REV,
      operation: "create",
      collection: "app.subcult.scene",
      rkey: "scene1",
      record: { $type: "app.subcult.scene", name: "Tide tables" },
      cid: CID,
      ...commit,
    },
    ...envelope,
  };
}

/** The same as a text frame. */
export function commitText(commit: Fields = {}, envelope: Fields = {}): string {
  return JSON.stringify(commitMessage(commit, envelope));
}

/** A v2 message frame with a payload of one kind. */
export function v2Text(kind: string, payload: Fields): string {
  const $type = `network.bsky.jetstream.subscribeEvents#${kind}`;
  return JSON.stringify({ $type: "message", payload: { $type, ...payload } });
}

/** The one event that a message decodes to. */
export function only(decoder: Decoder, message: Message): Event {
  const events = decoder.decode(message);
  assert.equal(events.length, 1);
  const [event] = events;
  assert.ok(event !== undefined);
  return event;
}

export function onlyCommit(decoder: Decoder, message: Message): Commit {
  const event = only(decoder, message);
  assert.ok(event.kind === "commit", `expected a commit, got ${JSON.stringify(event)}`);
  return event;
}

export function onlyMalformed(decoder: Decoder, message: Message): Malformed {
  const event = only(decoder, message);
  assert.ok(event.kind === "malformed", `expected a malformed, got ${JSON.stringify(event)}`);
  return event;
}

/** The reason why a message is malformed, or its record rejected. */
export function reasonOf(decoder: Decoder, message: Message): string {
  const event = only(decoder, message);
  if (event.kind === "malformed") return event.refusal.reason;
  if (event.kind === "commit") return event.refusal?.reason ?? "taken";
  return event.kind;
}
