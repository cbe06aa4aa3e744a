/** One record in each protocol. */

import { CidLinkWrapper, encode, toBytes } from "@atcute/cbor";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Block } from "../../lib/decoder/archive/block.ts";
import { eventsOf } from "../../lib/decoder/archive/block_events.ts";
import type { Coarsen } from "../../lib/decoder/wire/decoder.ts";
import type { Event } from "../../lib/decoder/event.ts";
import { createFirehoseDecoder } from "../../lib/decoder/wire/firehose.ts";
import { type Both, text } from "./both_encodings.ts";
import {
  blockBody,
  carOf,
  concat,
  EVERYTHING,
  firehoseFrame,
  linkTo,
  recordRow,
} from "./decoder_binary_samples.ts";
import { commitMessage, commitText, DID, only, REV, v1, v2, v2Text } from "./decoder_samples.ts";

export interface WireOptions {
  /** Default: a scene. */
  readonly collection?: string;
  readonly coarsen?: Coarsen;
}

/** The event of a record, by protocol. */
export function onEveryWire(
  record: Both,
  options: WireOptions = {},
): Readonly<Record<string, Event>> {
  const { collection = "app.subcult.scene", coarsen } = options;
  const changes = coarsen === undefined ? {} : { coarsen };
  const decoding = { ...EVERYTHING, ...changes };
  const mark = "HERE THE RECORD";
  const v1Text = commitText({ record: mark, collection }).replace(`"${mark}"`, record.json);
  const v2Frame = v2Text("commit", {
    seq: 5,
    time: "2026-08-20T09:30:01.004512Z",
    did: DID,
    ...Object(commitMessage({ record: mark, collection }).commit),
  }).replace(`"${mark}"`, record.json);
  // Encoded with a placeholder text, which is replaced by the record.
  const envelope = encode(commitMessage({ record: mark, collection }));
  const marked = text(mark).cbor;
  const at = envelope.findIndex((_, start) =>
    marked.every((byte, offset) => envelope[start + offset] === byte)
  );
  const v1Cbor = concat(
    envelope.subarray(0, at),
    record.cbor,
    envelope.subarray(at + marked.length),
  );
  const block = new Block(blockBody([recordRow(1, { payload: record.cbor, collection })]));
  const [archived] = eventsOf(block, decoding).events;
  const [sent] = createFirehoseDecoder(decoding).decode(firehose(record.cbor, collection));
  assert.ok(archived !== undefined && sent !== undefined);
  return {
    "v1 JSON": only(v1(changes), v1Text),
    "v1 JSON in bytes": only(v1(changes), new TextEncoder().encode(v1Text)),
    "v1 CBOR": only(v1(changes), v1Cbor),
    "v2 JSON": only(v2(changes), v2Frame),
    archive: archived,
    firehose: sent,
  };
}

function firehose(record: Uint8Array, collection: string): Uint8Array {
  const sha256 = createHash("sha256").update(record).digest();
  const cid = new CidLinkWrapper(concat(Uint8Array.of(1, 0x71, 0x12, 32), sha256));
  const commit = encode({
    did: DID,
    rev: REV,
    version: 3,
    prev: null,
    data: cid,
    sig: toBytes(new Uint8Array(64)),
  });
  const blocks = [[linkTo(commit), commit], [cid, record]] as const;
  return firehoseFrame({ op: 1, t: "#commit" }, {
    seq: 7,
    repo: DID,
    rev: REV,
    commit: linkTo(commit),
    blocks: toBytes(carOf([linkTo(commit)], blocks)),
    ops: [{ action: "create", path: `${collection}/scene1`, cid }],
    time: "2026-08-20T09:30:01.004512Z",
  });
}
