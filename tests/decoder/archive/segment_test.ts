import assert from "node:assert/strict";
import { eventsOf } from "../../../lib/decoder/archive/block_events.ts";
import { BlockDecoder } from "../../../lib/decoder/archive/block_frame.ts";
import {
  readSegment,
  readSegmentHeader,
  readSegmentIndex,
  SegmentError,
  segmentFrame,
} from "../../../lib/decoder/archive/segment.ts";
import { xxhash3Hex } from "../../../lib/decoder/zstd/xxhash.ts";
import {
  concat,
  EVERYTHING,
  recordRow,
  segmentFile,
  uint,
} from "../../support/decoder_binary_samples.ts";
import { decoderOptions } from "../../support/decoder_samples.ts";
import { CORPUS_MISSING, corpusFile, WITHOUT_CORPUS } from "../../support/corpus.ts";

const FILE = segmentFile([[recordRow(1), recordRow(2)], [recordRow(5)], []]);

Deno.test({
  name:
    `the reference segment has the records of the repository it was built from${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    const file = corpusFile("corpus/golden_corpus_segment.jss")!;
    const { header, blocks } = readSegment(file, "8ac51e3e2c8fb641");
    assert.deepEqual([header.blockCount, header.eventCount, header.minSeq, header.maxSeq], [
      3,
      23,
      1,
      23,
    ]);
    assert.deepEqual(blocks.map(({ entry }) => entry.eventCount), [8, 8, 7]);
    const decoder = new BlockDecoder();
    const events = blocks.flatMap(({ entry, frame }) =>
      eventsOf(decoder.decode(frame, entry), EVERYTHING).events
    );
    const table = new TextDecoder().decode(corpusFile("corpus/car_expected_records.tsv")!);
    const records = table.trim().split("\n");
    assert.equal(events.length, 23);
    events.forEach((event, i) => {
      assert.ok(event.kind === "commit" && event.refusal === null && event.record !== null);
      assert.equal(`${event.collection}/${event.rkey}\t${event.cid}`, records[i]);
      assert.equal(event.operation, "create");
      assert.equal(event.did, "did:plc:53iucmf5ldftgqyf2ac7hmhd");
      assert.equal(event.rev, "3migo7fijwi2k");
      assert.deepEqual(event.position, { cursor: i + 1, timeUs: 1_750_000_000_000_001 + i });
    });
  },
});

Deno.test({
  name: `a segment whose frame declares no content size decodes${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    const { header, blocks } = readSegment(corpusFile("segment/golden_seal.bin")!);
    assert.equal(header.checksum, "03aa49bb5c88b97c");
    const [{ entry, frame }] = blocks as [typeof blocks[number]];
    const block = new BlockDecoder().decode(frame, entry);
    const row = (i: number): unknown[] => [
      block.seq(i),
      block.witnessedAt(i),
      block.indexedAt(i),
      block.kind(i),
      block.did(i),
      block.collection(i),
      block.rkey(i),
      block.rev(i),
      new TextDecoder().decode(block.payload(i)),
    ];
    assert.deepEqual([row(0), row(1)], [
      [1, 100, 0, 1, "did:plc:a", "app.bsky.feed.post", "k1", "v1", "p1"],
      [2, 200, 250, 1, "did:plc:b", "app.bsky.feed.like", "k2", "v2", "p2"],
    ]);
    // Its payloads are not CBOR: the addresses are kept nevertheless.
    const { events } = eventsOf(block, EVERYTHING);
    assert.ok(
      events.every((event) =>
        event.kind === "commit" && event.refusal?.reason === "invalid_record"
      ),
    );
  },
});

Deno.test("a segment can be read in parts: header, footer, then one block after the other", () => {
  const header = readSegmentHeader(FILE.subarray(0, 256));
  const blocks = readSegmentIndex(header, FILE.subarray(header.footerOffset), header.checksum);
  const decoder = new BlockDecoder();
  const seqs = blocks.flatMap((block) => {
    const part = FILE.subarray(block.offset, block.offset + 8 + block.compressedBytes);
    return eventsOf(decoder.decode(segmentFrame(block, part), block), decoderOptions()).events
      .map((event) => event.kind === "commit" ? event.position.cursor : null);
  });
  assert.deepEqual(seqs, [1, 2, 5]);
});

Deno.test("a segment of another checksum than the plan's is refused", () => {
  const { checksum } = readSegmentHeader(FILE);
  assert.equal(readSegment(FILE, checksum).blocks.length, 3);
  assert.throws(() => readSegment(FILE, "8ac51e3e2c8fb641"), /expected 8ac51e3e2c8fb641/);
});

Deno.test("a changed bit in header or footer is refused", () => {
  const { footerOffset } = readSegmentHeader(FILE);
  for (let at = 0; at < FILE.length; at++) {
    if (at >= 256 && at < footerOffset) continue;
    const changed = FILE.slice();
    changed[at]! ^= 1;
    assert.throws(() => readSegment(changed), SegmentError, `at ${at}`);
  }
});

Deno.test("a segment that is cut off anywhere is refused", () => {
  for (let length = 0; length < FILE.length; length++) {
    assert.throws(() => readSegment(FILE.subarray(0, length)), SegmentError, `at ${length}`);
  }
  assert.throws(() => readSegment(concat(FILE, Uint8Array.of(0))), SegmentError);
});

/** A segment with some bytes replaced, and the checksum that it then has. */
function resealed(at: number, bytes: Uint8Array): Uint8Array {
  const file = FILE.slice();
  const { footerOffset } = readSegmentHeader(FILE);
  file.set(bytes, at);
  const sum = xxhash3Hex(file.subarray(12, 256), file.subarray(footerOffset));
  new DataView(file.buffer).setBigUint64(4, BigInt(`0x${sum}`), true);
  return file;
}

Deno.test("a segment has at most a million blocks, in units of the format", () => {
  const refusal = /expected at most 1048576/;
  assert.throws(() => readSegmentHeader(resealed(14, uint(4, 2 ** 20 + 1))), refusal);
  // The header may declare that many, although this file's footer has room for three.
  assert.throws(
    () => readSegment(resealed(14, uint(4, 2 ** 20))),
    (error: Error) => error instanceof SegmentError && !refusal.test(error.message),
  );
});

Deno.test("invalid contents of a sealed segment are rejected although the checksum is right", () => {
  const { footerOffset } = readSegmentHeader(FILE);
  assert.equal(readSegment(resealed(0, new Uint8Array())).blocks.length, 3);
  const bad: [string, number, Uint8Array][] = [
    ["another magic", 0, new TextEncoder().encode("jss1")],
    ["another version", 12, uint(2, 2)],
    ["more blocks than its index", 14, uint(4, 4)],
    ["a million blocks and more", 14, uint(4, 2 ** 20 + 1)],
    ["a footer in the header", 58, uint(8, 100)],
    ["an index that is not the footer's beginning", 90, uint(8, footerOffset + 1)],
    ["blooms before the index", 66, uint(8, footerOffset - 1)],
    ["blooms out of order", 74, uint(8, footerOffset)],
    ["collections before the blooms", 82, uint(8, footerOffset)],
    ["an offset beyond every file", 66, uint(8, 2 ** 52)],
    ["a block in the header", footerOffset, uint(8, 200)],
    ["a block that reaches into the footer", footerOffset + 8, uint(4, footerOffset)],
    ["a block beyond every file", footerOffset, uint(8, 2 ** 60)],
    ["a block whose prefix says otherwise", 256, uint(8, 1)],
    ["a prefix beyond every file", 256, uint(8, 2 ** 60)],
  ];
  for (const [what, at, bytes] of bad) {
    assert.throws(() => readSegment(resealed(at, bytes)), SegmentError, what);
  }
});

Deno.test("an entry of the index may end where the blocks end, and not one byte later", () => {
  const { footerOffset } = readSegmentHeader(FILE);
  const lastSize = footerOffset + 2 * 52 + 8;
  const size = new DataView(FILE.buffer, FILE.byteOffset).getUint32(lastSize, true);
  const indexOf = (file: Uint8Array): unknown =>
    readSegmentIndex(readSegmentHeader(file), file.subarray(footerOffset));
  indexOf(resealed(lastSize, uint(4, size)));
  assert.throws(() => indexOf(resealed(lastSize, uint(4, size + 1))), /block 2 outside/);
});

Deno.test("a segment that is not sealed is refused", () => {
  const active = FILE.slice();
  active.fill(0, 4, 12);
  assert.throws(() => readSegment(active), /not sealed/);
});
