/** Blocks are decompressed by libzstd if possible, otherwise by our own decoder. */

import assert from "node:assert/strict";
import { BlockError } from "../../../lib/decoder/archive/block.ts";
import { BlockDecoder } from "../../../lib/decoder/archive/block_frame.ts";
import { decompress, MAX_LIBZSTD_BYTES } from "../../../lib/decoder/zstd/libzstd.ts";
import { frameContentBytes } from "../../../lib/decoder/zstd/decoder.ts";
import {
  blockBody,
  concat,
  recordRow,
  storedFrame,
  uint,
} from "../../support/decoder_binary_samples.ts";
import * as sample from "../../support/decoder_zstd_samples.ts";
import { frameOf } from "../../support/jetstream/archive_file.ts";

const BODY = blockBody([recordRow(1), recordRow(2)]);
const FRAME = frameOf(BODY);
const SKIPPABLE = concat(uint(4, 0x184d2a50), uint(4, 3), new Uint8Array(3));

Deno.test("the declared size of a frame is read from its header only", () => {
  assert.equal(frameContentBytes(FRAME), BODY.length);
  assert.equal(frameContentBytes(FRAME.subarray(0, 10)), BODY.length);
  assert.equal(frameContentBytes(sample.PROSE), 4000);
  assert.equal(frameContentBytes(sample.NOTHING), 0);
  for (const other of [storedFrame(BODY), SKIPPABLE, FRAME.subarray(0, 9), new Uint8Array()]) {
    assert.equal(frameContentBytes(other), null);
  }
});

Deno.test("libzstd accepts exactly one valid frame of its declared size", () => {
  assert.deepEqual(decompress(FRAME, BODY.length), BODY);
  assert.equal(new TextDecoder().decode(decompress(sample.PROSE, 4000)!), sample.prose(4000, 1));
  const broken = FRAME.slice();
  broken[20]! ^= 1;
  for (
    const [what, frame, bytes] of [
      ["too small", FRAME, BODY.length - 1],
      ["too large", FRAME, BODY.length + 1],
      ["broken", broken, BODY.length],
      ["without its checksum", FRAME.subarray(0, -4), BODY.length],
      ["cut", FRAME.subarray(0, 30), BODY.length],
      ["twice", concat(FRAME, FRAME), BODY.length],
      ["with more behind it", concat(FRAME, Uint8Array.of(0)), BODY.length],
      ["for a dictionary", sample.MESSAGE_WITH_DICTIONARY, sample.MESSAGE.length],
      ["of nothing", sample.NOTHING, 0],
      ["none", new Uint8Array(), BODY.length],
    ] as const
  ) {
    assert.equal(decompress(frame, bytes), null, what);
    // And nothing of it is left behind.
    assert.deepEqual(decompress(FRAME, BODY.length), BODY, what);
  }
});

Deno.test("a block is decoded from any valid frame, and the fault of an invalid one is reported", () => {
  const decoder = new BlockDecoder();
  for (const frame of [FRAME, storedFrame(BODY), concat(SKIPPABLE, FRAME)]) {
    assert.equal(decoder.decode(frame).length, 2);
  }
  const broken = FRAME.slice();
  broken[20]! ^= 1;
  assert.throws(() => decoder.decode(broken), /doesn't agree with its checksum/);
  assert.throws(() => decoder.decode(FRAME.subarray(0, -4)), /got 0 more bytes, expected .* 4/);
  assert.throws(() => decoder.decode(concat(FRAME, FRAME)), BlockError);
  assert.throws(() => new BlockDecoder(BODY.length - 1).decode(FRAME), /expected at most/);
  assert.equal(new BlockDecoder(BODY.length).decode(FRAME).length, 2);
});

/** A frame of so many zeros, which takes four bytes for 128 KiB of them. */
function zeros(bytes: number): Uint8Array {
  const blocks = Math.ceil(bytes / 2 ** 17);
  return concat(
    Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x38),
    uint(4, bytes),
    ...Array.from({ length: blocks }, (_, i) => {
      const size = Math.min(2 ** 17, bytes - i * 2 ** 17);
      return concat(uint(3, size * 8 + 2 + (i === blocks - 1 ? 1 : 0)), Uint8Array.of(0));
    }),
  );
}

Deno.test("a frame larger than any block is not passed to libzstd, which keeps its memory", () => {
  assert.equal(decompress(zeros(MAX_LIBZSTD_BYTES), MAX_LIBZSTD_BYTES)?.length, MAX_LIBZSTD_BYTES);
  const larger = zeros(MAX_LIBZSTD_BYTES + 1);
  assert.equal(decompress(larger, MAX_LIBZSTD_BYTES + 1), null);
  assert.equal(decompress(new Uint8Array(MAX_LIBZSTD_BYTES + 1), 10), null);
  assert.throws(() => new BlockDecoder().decode(larger), /got 16777217 bytes, expected 4/);
});
