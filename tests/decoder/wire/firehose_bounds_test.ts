/** Limits for the cost of one frame of a relay. */

import { encode } from "@atcute/cbor";
import assert from "node:assert/strict";
import { readCar } from "../../../lib/decoder/cbor/car.ts";
import { cidKey } from "../../../lib/decoder/cbor/cid.ts";
import type { Commit, Event } from "../../../lib/decoder/event.ts";
import { createFirehoseDecoder } from "../../../lib/decoder/wire/firehose.ts";
import { carOf, commitFrame, concat, linkTo } from "../../support/decoder_binary_samples.ts";
import { decoderOptions, DID, REV } from "../../support/decoder_samples.ts";
import { heldBytes } from "../../support/held_bytes.ts";

const MIB = 1024 * 1024;
const TEXT = "x".repeat(900 * 1000);
const LARGE = { $type: "app.subcult.post", text: TEXT };

function operations(count: number): unknown[] {
  const cid = linkTo(encode(LARGE));
  return Array.from({ length: count }, (_, i) => {
    return { action: "create", path: `app.subcult.post/${i}`, cid };
  });
}

function commitsOf(events: readonly Event[]): readonly Commit[] {
  return events.filter((event) => event.kind === "commit");
}

Deno.test("200 operations that name one block read it once, and each counts with its size", () => {
  let coarsened = 0;
  const decoder = createFirehoseDecoder(decoderOptions({
    coarsen: (_collection, record) => {
      coarsened++;
      return { record, refusal: null };
    },
  }));
  const frame = commitFrame({ record: LARGE, body: { ops: operations(200) } });
  const commits = commitsOf(decoder.decode(frame));
  assert.equal(commits.length, 200);
  assert.equal(coarsened, 1);
  for (const { record, size } of commits) {
    assert.equal(record, commits[0]?.record);
    assert.ok(size >= TEXT.length);
  }
});

Deno.test("a block that two collections name is coarsened for each of them", () => {
  const seen: string[] = [];
  const decoder = createFirehoseDecoder(decoderOptions({
    coarsen: (collection, record) => {
      seen.push(collection);
      return { record: { ...record, of: collection }, refusal: null };
    },
  }));
  const cid = linkTo(encode(LARGE));
  const ops = ["post", "scene", "post"].map((name, i) => {
    return { action: "create", path: `app.subcult.${name}/${i}`, cid };
  });
  const commits = commitsOf(decoder.decode(commitFrame({ record: LARGE, body: { ops } })));
  assert.deepEqual(seen, ["app.subcult.post", "app.subcult.scene"]);
  for (const { collection, record } of commits) assert.equal(record?.["of"], collection);
});

Deno.test("a commit of more than 200 operations is rejected as a whole, with its DID", () => {
  const decoder = createFirehoseDecoder(decoderOptions());
  const [event, ...more] = decoder.decode(
    commitFrame({ record: LARGE, body: { ops: operations(201) } }),
  );
  assert.deepEqual(more, []);
  assert.ok(event?.kind === "malformed");
  assert.equal(event.refusal.reason, "too_many");
  assert.ok(event.excerpt.includes(DID) && event.excerpt.includes(REV), event.excerpt);
  assert.equal(event.position?.cursor, 7);
});

/** 7,000,000 times the number 1, as an array of CBOR. */
function ones(): Uint8Array {
  const array = new Uint8Array(5 + 7_000_000).fill(1);
  array[0] = 0x9a;
  new DataView(array.buffer).setUint32(1, 7_000_000);
  return array;
}

Deno.test("millions of items in a frame, a CAR or a record are rejected before anything is allocated", () => {
  const decoder = createFirehoseDecoder(decoderOptions());
  const array = ones();
  const before = heldBytes();
  // A map with one entry: ops.
  const body = concat(Uint8Array.of(0xa1), encode("ops"), array);
  const [event] = decoder.decode(concat(encode({ op: 1, t: "#commit" }), body));
  assert.ok(event?.kind === "malformed");
  assert.equal(event.refusal.reason, "message_too_large");
  const ops = [{ action: "create", path: "app.subcult.post/a", cid: linkTo(array) }];
  const [record] = commitsOf(decoder.decode(commitFrame({
    blocks: ([commit]) => [commit!, [linkTo(array), array]],
    body: { ops },
  })));
  assert.equal(record?.refusal?.reason, "record_too_large");
  // What is made of it as values takes 56 MB and more.
  const copies = 4 * array.length;
  assert.ok(heldBytes() - before < copies + 16 * MIB, `${(heldBytes() - before) / MIB} MiB`);
});

Deno.test("of a CAR's blocks only the root and those that operations name are kept", () => {
  const blocks = Array.from({ length: 20_000 }, (_, i) => {
    const data = encode(i);
    return [linkTo(data), data] as const;
  });
  const [root, named] = blocks;
  assert.ok(root !== undefined && named !== undefined);
  const keys = [root, named].map(([link]) => cidKey(link.bytes));
  const car = readCar(carOf([root[0]], blocks), new Set(keys.slice(1)));
  assert.deepEqual([...car.blocks.keys()], keys);
});
