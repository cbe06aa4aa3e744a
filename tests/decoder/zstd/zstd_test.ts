import assert from "node:assert/strict";
import { createCompressedDecoder } from "../../../lib/decoder/wire/compressed.ts";
import { dictionaryId, ZstdDecoder, ZstdError } from "../../../lib/decoder/zstd/decoder.ts";
import type { ZstdFault } from "../../../lib/decoder/zstd/decoder.ts";
import { ZstdDictionaries } from "../../../lib/decoder/wire/zstd_dictionaries.ts";
import { concat, storedFrame, uint } from "../../support/decoder_binary_samples.ts";
import { commitText, v1 } from "../../support/decoder_samples.ts";
import * as sample from "../../support/decoder_zstd_samples.ts";
import { MAX_BLOCK_BYTES, Output } from "../../../lib/decoder/zstd/output.ts";
import { heldBytes } from "../../support/held_bytes.ts";
import { assertSameBytes } from "../../support/same_bytes.ts";
import { CORPUS_MISSING, corpusFile, corpusLines, WITHOUT_CORPUS } from "../../support/corpus.ts";

const MAX = 2 ** 25;
const MAGIC = uint(4, 0xfd2fb528);
const utf8 = new TextEncoder();

function decode(frame: Uint8Array, dictionary?: Uint8Array): Uint8Array {
  const options = { maxOutputBytes: MAX };
  return new ZstdDecoder(dictionary === undefined ? options : { ...options, dictionary })
    .decode(frame);
}

function textOf(frame: Uint8Array, dictionary?: Uint8Array): string {
  return new TextDecoder().decode(decode(frame, dictionary));
}

/** The result of decoding a frame, as text. */
function faultOf(frame: Uint8Array, decoder = new ZstdDecoder({ maxOutputBytes: MAX })): ZstdFault {
  try {
    decoder.decode(frame);
  } catch (error) {
    if (error instanceof ZstdError) return error.fault;
    throw error;
  }
  assert.fail("the frame was decoded");
}

Deno.test("frames of the reference implementation decode to what it compressed", () => {
  assert.equal(textOf(sample.MESSAGE_ALONE), sample.MESSAGE);
  assert.equal(textOf(sample.PROSE), sample.prose(4000, 1));
  assert.equal(textOf(sample.PROSE_SLOW), sample.prose(4000, 1));
  assertSameBytes(decode(sample.ZEROS), new Uint8Array(300_000));
  assert.equal(textOf(sample.NOTHING), "");
  assert.equal(textOf(sample.HI), "hi");
});

Deno.test("a frame that names a dictionary decodes with it, also without a content size", () => {
  assert.equal(dictionaryId(sample.DICTIONARY), 77);
  assert.equal(textOf(sample.MESSAGE_WITH_DICTIONARY, sample.DICTIONARY), sample.MESSAGE);
});

Deno.test("a frame that names a dictionary is rejected without it, and the error names the dictionary", () => {
  assert.equal(faultOf(sample.MESSAGE_WITH_DICTIONARY), "dictionary");
  const other = sample.DICTIONARY.slice();
  other[4] = 78;
  const decoder = new ZstdDecoder({ dictionary: other, maxOutputBytes: MAX });
  assert.throws(
    () => decoder.decode(sample.MESSAGE_WITH_DICTIONARY),
    /a frame for dictionary 77, expected dictionary 78/,
  );
});

Deno.test("a frame that names no dictionary is decoded without one, independent of earlier frames", () => {
  const decoder = new ZstdDecoder({ dictionary: sample.DICTIONARY, maxOutputBytes: MAX });
  for (let i = 0; i < 3; i++) {
    for (const frame of [sample.MESSAGE_ALONE, sample.MESSAGE_WITH_DICTIONARY]) {
      assert.equal(new TextDecoder().decode(decoder.decode(frame)), sample.MESSAGE);
    }
    assert.equal(decoder.decode(sample.PROSE).length, 4000);
    assert.equal(decoder.decode(sample.ZEROS).length, 300_000);
    assert.throws(() => decoder.decode(sample.PROSE.subarray(0, 900)), ZstdError);
  }
});

Deno.test("bytes that are not a dictionary are rejected", () => {
  const cut = sample.DICTIONARY.subarray(0, 60);
  for (const bytes of [new Uint8Array(), utf8.encode("not a dictionary"), cut]) {
    assert.throws(() => new ZstdDecoder({ dictionary: bytes, maxOutputBytes: MAX }), ZstdError);
  }
  const nameless = sample.DICTIONARY.slice();
  nameless.set(uint(4, 0), 4);
  assert.throws(() => dictionaryId(nameless), /got dictionary ID 0/);
  for (const text of ["", "nothing", "nothing at all"]) {
    assert.throws(() => dictionaryId(utf8.encode(text)), ZstdError);
  }
  assert.throws(() => dictionaryId(sample.DICTIONARY.subarray(0, 7)), ZstdError);
});

/** Where the content of `sample.DICTIONARY` begins; the three repeated offsets stand before it. */
const CONTENT = new TextDecoder("latin1").decode(sample.DICTIONARY).indexOf('name":"basement2');

/** Two bytes, and three that repeat what stands at the first of the repeated offsets. */
const REPEATING = Uint8Array.of(
  // The last block, compressed, of nine bytes.
  ...[(9 << 3) | 5, 0, 0],
  // Two literals as they are; one sequence, with one code in each of its three tables.
  ...[2 << 3, 0x61, 0x62, 1, 0x54, 2, 0, 0, 1],
);

Deno.test("a frame begins with the repeated offsets of the dictionary that it names", () => {
  const content = sample.DICTIONARY.subarray(CONTENT);
  const moved = sample.DICTIONARY.slice();
  moved.set(uint(4, 5), CONTENT - 12);
  const named = concat(MAGIC, Uint8Array.of(0x01, 0x38, 77), REPEATING);
  const expected = concat(utf8.encode("ab"), content.subarray(-3));
  assert.deepEqual(decode(named, moved), expected);
  assert.equal(textOf(concat(MAGIC, Uint8Array.of(0x00, 0x38), REPEATING), moved), "abbbb");
  // The same frame as one segment, which declares its size and no window.
  const zstd = new ZstdDictionaries(MAX);
  zstd.add(moved);
  assert.deepEqual(zstd.decode(concat(MAGIC, Uint8Array.of(0x21, 77, 5), REPEATING)), expected);
});

/** The same with an offset of 4, two bytes before the beginning of the frame. */
const REACHING_BACK = Uint8Array.of(
  ...[(9 << 3) | 5, 0, 0],
  ...[2 << 3, 0x61, 0x62, 1, 0x54, 2, 1, 0, 2],
);

Deno.test("matches of a frame without a dictionary can't reach into the loaded one", () => {
  const frame = concat(MAGIC, Uint8Array.of(0x00, 0x38), REACHING_BACK);
  const loaded = new ZstdDecoder({ dictionary: sample.DICTIONARY, maxOutputBytes: MAX });
  assert.equal(faultOf(frame, loaded), "corrupt");
  assert.equal(faultOf(frame), "corrupt");
  const named = concat(MAGIC, Uint8Array.of(0x01, 0x38, 77), REACHING_BACK);
  assert.equal(decode(named, sample.DICTIONARY).length, 5);
});

Deno.test("an offset of a dictionary is at most the length of its content", () => {
  const length = sample.DICTIONARY.length - CONTENT;
  for (const at of [CONTENT - 12, CONTENT - 8, CONTENT - 4]) {
    for (const [offset, isGood] of [[0, false], [length, true], [length + 1, false]] as const) {
      const dictionary = sample.DICTIONARY.slice();
      dictionary.set(uint(4, offset), at);
      const read = () => new ZstdDecoder({ dictionary, maxOutputBytes: MAX });
      if (isGood) read();
      else assert.throws(read, /got a dictionary offset of/);
    }
  }
});

Deno.test("each message is decoded with its own dictionary, and a new one replaces the oldest", () => {
  const zstd = new ZstdDictionaries(MAX);
  assert.throws(() => zstd.decode(sample.MESSAGE_WITH_DICTIONARY), /expected none/);
  const other = sample.DICTIONARY.slice();
  other.set(uint(4, 2 ** 31), 4);
  assert.equal(zstd.add(other), 2 ** 31);
  assert.equal(zstd.add(sample.DICTIONARY), 77);
  assert.equal(zstd.add(sample.DICTIONARY), 77);
  // The same message for the other dictionary, whose ID takes four bytes.
  const [head, tail] = [sample.MESSAGE_WITH_DICTIONARY, sample.MESSAGE_WITH_DICTIONARY.subarray(7)];
  const moved = concat(head.subarray(0, 4), Uint8Array.of(0x03, head[5]!), uint(4, 2 ** 31), tail);
  for (const message of [sample.MESSAGE_WITH_DICTIONARY, moved, sample.MESSAGE_ALONE]) {
    assert.equal(new TextDecoder().decode(zstd.decode(message)), sample.MESSAGE);
  }
  // Eight more are added: the first is removed.
  for (let id = 100; id < 108; id++) {
    zstd.add(concat(other.slice(0, 4), uint(4, id), other.slice(8)));
  }
  assert.throws(() => zstd.decode(moved), /a frame for dictionary 2147483648, expected none/);
  for (const bytes of [new Uint8Array(), Uint8Array.of(1, 2, 3, 4, 5)]) {
    assert.throws(() => zstd.decode(bytes), ZstdError);
  }
  assert.throws(() => zstd.add(Uint8Array.of(1, 2, 3)), ZstdError);
});

Deno.test("a dictionary that is added again counts as the newest", () => {
  const zstd = new ZstdDictionaries(MAX);
  const numbered = (id: number): Uint8Array =>
    concat(sample.DICTIONARY.slice(0, 4), uint(4, id), sample.DICTIONARY.slice(8));
  zstd.add(sample.DICTIONARY);
  for (let id = 100; id < 107; id++) zstd.add(numbered(id));
  zstd.add(sample.DICTIONARY);
  zstd.add(numbered(107));
  const message = zstd.decode(sample.MESSAGE_WITH_DICTIONARY);
  assert.equal(new TextDecoder().decode(message), sample.MESSAGE);
});

Deno.test("a wrong checksum is refused", () => {
  const frame = sample.PROSE.slice();
  frame[frame.length - 1]! ^= 1;
  assert.throws(() => decode(frame), /checksum/);
});

Deno.test("a frame that is cut off anywhere is refused", () => {
  for (const frame of [sample.PROSE, sample.MESSAGE_ALONE, sample.ZEROS, sample.HI]) {
    for (let length = 0; length < frame.length; length++) {
      assert.equal(faultOf(frame.subarray(0, length)), "corrupt", `at ${length}`);
    }
  }
  assert.equal(faultOf(concat(sample.HI, Uint8Array.of(0))), "corrupt");
});

Deno.test("a frame with any bit changed is refused or stays within the bound", () => {
  const decoder = new ZstdDecoder({ dictionary: sample.DICTIONARY, maxOutputBytes: 2 ** 17 });
  let refused = 0;
  for (const frame of [sample.PROSE_SLOW, sample.MESSAGE_WITH_DICTIONARY, sample.MESSAGE_ALONE]) {
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      const changed = frame.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      try {
        assert.ok(decoder.decode(changed).length <= 2 ** 17);
      } catch (error) {
        assert.ok(error instanceof ZstdError, String(error));
        refused++;
      }
    }
  }
  assert.ok(refused > 1000, `only ${refused} were refused`);
});

Deno.test("the output is bounded, whether its size is declared or not", () => {
  const bounded = new ZstdDecoder({ maxOutputBytes: 299_999 });
  assert.equal(faultOf(sample.ZEROS, bounded), "too_large");
  const undeclared = storedFrame(new Uint8Array(300_000));
  assert.equal(faultOf(undeclared, bounded), "too_large");
  assert.equal(new ZstdDecoder({ maxOutputBytes: 300_000 }).decode(undeclared).length, 300_000);
});

/** Blocks that repeat a zero byte to 128 KiB each. */
function zeros(blocks: number): Uint8Array {
  const block = (last: number): Uint8Array =>
    concat(uint(3, (2 ** 17 << 3) | 2 | last), uint(1, 0));
  return concat(...Array.from({ length: blocks }, (_, i) => block(i === blocks - 1 ? 1 : 0)));
}

Deno.test("a declared size is not allocated, and a decompression bomb stops at the limit", () => {
  const before = heldBytes();
  // 8 GiB of content, in a header with an 8-byte content size.
  const declared = concat(MAGIC, Uint8Array.of(0xc0, 0x00), uint(8, 2 ** 33), zeros(1));
  assert.equal(faultOf(declared), "too_large");
  // 16 MiB declared, 128 KiB present.
  const lie = concat(MAGIC, Uint8Array.of(0x80, 0x70), uint(4, 2 ** 24), zeros(1));
  assert.equal(faultOf(lie), "corrupt");
  // The largest window that can be written, 3.75 TiB, with two bytes in it.
  const window = concat(MAGIC, Uint8Array.of(0x00, 0xff), uint(3, 2 << 3 | 1), utf8.encode("hi"));
  assert.equal(textOf(window), "hi");
  // 1 GiB in 32 kB.
  const bomb = concat(MAGIC, Uint8Array.of(0x00, 0x70), zeros(8192));
  assert.equal(faultOf(bomb), "too_large");
  const grown = heldBytes() - before;
  assert.ok(grown < 256 * 2 ** 20, `memory grew by ${grown} bytes`);
});

Deno.test("a message too long for bit positions is rejected before it is copied", () => {
  assert.equal(faultOf(new Uint8Array(2 ** 28)), "too_large");
});

Deno.test("a large buffer is released after its frame", () => {
  const output = new Output(utf8.encode("dictionary"));
  const small = output.bytes.length;
  const lengthAfter = (blocks: number): number => {
    output.begin(2 ** 27, true);
    for (let i = 0; i < blocks; i++) {
      output.reserveBlock();
      output.repeat(i, MAX_BLOCK_BYTES);
    }
    assert.equal(output.take().length, blocks * MAX_BLOCK_BYTES);
    output.release();
    return output.bytes.length;
  };
  assert.ok(lengthAfter(200) <= small);
  assert.equal(new TextDecoder().decode(output.bytes.subarray(0, 10)), "dictionary");
  assert.ok(lengthAfter(8) >= 8 * MAX_BLOCK_BYTES, "a buffer of the usual size is kept");
});

Deno.test("a block may not decode to more than the window or 128 KiB", () => {
  const block = concat(uint(3, ((2 ** 17 + 1) << 3) | 3), uint(1, 0));
  assert.throws(() => decode(concat(MAGIC, Uint8Array.of(0x00, 0x70), block)), /expected at most/);
  // A window of 1 KiB.
  const wide = concat(uint(3, (1025 << 3) | 3), uint(1, 0));
  assert.throws(() => decode(concat(MAGIC, Uint8Array.of(0x00, 0x00), wide)), /at most 1024/);
  // The same and an eighth.
  assert.equal(decode(concat(MAGIC, Uint8Array.of(0x00, 0x01), wide)).length, 1025);
});

Deno.test("consecutive frames are joined, and skippable frames are skipped", () => {
  const skippable = concat(uint(4, 0x184d2a53), uint(4, 5), utf8.encode("apart"));
  const message = concat(skippable, sample.HI, skippable, sample.MESSAGE_ALONE, sample.NOTHING);
  assert.equal(textOf(message), "hi" + sample.MESSAGE);
  assert.equal(textOf(skippable), "");
  assert.equal(faultOf(skippable.subarray(0, 9)), "corrupt");
  const bounded = new ZstdDecoder({ maxOutputBytes: 3 });
  assert.equal(faultOf(concat(sample.HI, sample.HI), bounded), "too_large");
});

Deno.test("reserved bits and block types are refused", () => {
  const frame = (descriptor: number, block: number): Uint8Array =>
    concat(MAGIC, Uint8Array.of(descriptor, 0x00), uint(3, block));
  assert.throws(() => decode(frame(0x08, 1)), /reserved bit/);
  assert.throws(() => decode(frame(0x00, 7)), /reserved type/);
  assert.throws(() => decode(utf8.encode("{}{}")), /got magic/);
});

const DICTIONARIES = [
  ["legacy_subscribe.zdict", 1612007021],
  ["subscribe_events_20260811.zdict", 20260811],
] as const;

Deno.test({
  name: `the dictionaries of v1 and v2 have their ids, and whole files decode${WITHOUT_CORPUS}`,
  ignore: CORPUS_MISSING,
  fn: () => {
    for (const [name, id] of DICTIONARIES) {
      const dictionary = corpusFile(`dictionaries/${name}`)!;
      assert.equal(dictionaryId(dictionary), id);
      assert.ok(new ZstdDecoder({ dictionary, maxOutputBytes: MAX }));
    }
    assert.equal(decode(corpusFile("corpus/frames.bin.zst")!).length, 819_376);
    const documents = JSON.parse(textOf(corpusFile("corpus/did_docs.json.zst")!));
    assert.equal(Object.keys(documents).length, 148);
  },
});

/** Whether the reference implementation is installed. */
const HAS_ZSTD = await (async (): Promise<boolean> => {
  try {
    return (await new Deno.Command("zstd", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
})();
const WITHOUT_ZSTD = HAS_ZSTD ? "" : " (zstd is not installed)";

/** Compresses each content by itself. */
async function compress(contents: readonly Uint8Array[], args: string[]): Promise<Uint8Array[]> {
  const folder = await Deno.makeTempDir();
  try {
    const files = contents.map((_, i) => `${folder}/${i}`);
    await Promise.all(files.map((file, i) => Deno.writeFile(file, contents[i]!)));
    const { success, stderr } = await new Deno.Command("zstd", {
      args: ["-q", "-f", ...args, ...files],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return await Promise.all(files.map((file) => Deno.readFile(`${file}.zst`)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const SETTINGS = [
  ["-1"],
  ["-3", "--no-check"],
  ["-3", "--no-content-size"],
  ["-19", "--no-check", "--no-content-size"],
  ["--fast=5"],
];

Deno.test({
  name: `what the reference implementation makes now decodes, at any level${WITHOUT_ZSTD}`,
  ignore: !HAS_ZSTD,
  fn: async () => {
    const random = crypto.getRandomValues(new Uint8Array(40_000));
    const contents: Uint8Array[] = [0, 1, 5, 255, 256, 257, 1000, 65_536, 131_072, 131_073, 400_000]
      .map((bytes, seed) => utf8.encode(sample.prose(bytes, seed)));
    contents.push(random, concat(random, random), new Uint8Array(500_000).fill(7));
    contents.push(Uint8Array.from({ length: 3000 }, (_, i) => (i * i) >> 5));
    for (const args of [...SETTINGS, ["--ultra", "-22", "--long=27"]]) {
      const frames = await compress(contents, args);
      frames.forEach((frame, i) => {
        assertSameBytes(decode(frame), contents[i]!, `${args.join(" ")}, content ${i}`);
      });
    }
  },
});

const lines = corpusLines();

Deno.test({
  name: `what is compressed with the dictionaries decodes${WITHOUT_ZSTD}${WITHOUT_CORPUS}`,
  ignore: !HAS_ZSTD || lines === null,
  fn: async () => {
    const contents = lines!.map((line) => utf8.encode(line));
    for (const [name] of DICTIONARIES) {
      const dictionary = corpusFile(`dictionaries/${name}`)!;
      const decoder = new ZstdDecoder({ dictionary, maxOutputBytes: MAX });
      const file = await Deno.makeTempFile();
      await Deno.writeFile(file, dictionary);
      for (const args of SETTINGS) {
        const frames = await compress(contents, [...args, "-D", file]);
        frames.forEach((frame, i) => assertSameBytes(decoder.decode(frame), contents[i]!));
      }
      await Deno.remove(file);
    }
  },
});

Deno.test("a compressed message gives the events of its text, and is foreign when its text is", () => {
  const zstd = new ZstdDecoder({ maxOutputBytes: MAX });
  const decoder = createCompressedDecoder(v1(), zstd);
  const frame = storedFrame(utf8.encode(commitText()));
  assert.deepEqual(decoder.decode(frame), v1().decode(commitText()));
  assert.equal(decoder.isForeign(frame), false);
  const text = commitText({ collection: "app.bsky.feed.like" });
  const foreign = storedFrame(utf8.encode(text));
  assert.equal(decoder.isForeign(foreign), true);
  assert.deepEqual(decoder.positionOf(foreign), v1().positionOf(text));
  assert.notEqual(decoder.positionOf(foreign), null);
  // Messages of a server that does not compress are decoded too.
  assert.deepEqual(decoder.decode(text), v1().decode(text));
});

Deno.test("a message is decompressed once, also when it is checked and then decoded", () => {
  const zstd = new ZstdDecoder({ maxOutputBytes: MAX });
  let times = 0;
  const counted = { decode: (frame: Uint8Array) => (times++, zstd.decode(frame)) };
  const decoder = createCompressedDecoder(v1(), counted);
  for (const frame of [1, 2].map(() => storedFrame(utf8.encode(commitText())))) {
    decoder.isForeign(frame);
    decoder.positionOf(frame);
    decoder.decode(frame);
  }
  assert.equal(times, 2);
});

Deno.test("a message that can't be decompressed is malformed, with the reason", () => {
  const zstd = new ZstdDecoder({ maxOutputBytes: 1000 });
  const decoder = createCompressedDecoder(v1(), zstd);
  const reasonOf = (frame: Uint8Array): string => {
    const [event] = decoder.decode(frame);
    assert.equal(decoder.isForeign(frame), false);
    assert.equal(decoder.positionOf(frame), null);
    return event?.kind === "malformed" ? event.refusal.reason : String(event?.kind);
  };
  assert.equal(reasonOf(sample.MESSAGE_ALONE.subarray(0, 30)), "invalid_zstd");
  assert.equal(reasonOf(sample.PROSE), "message_too_large");
  assert.equal(reasonOf(storedFrame(Uint8Array.of(0xff, 0xfe))), "invalid_json");
  assert.equal(reasonOf(storedFrame(utf8.encode("{"))), "invalid_json");
});

Deno.test("a message for an unknown dictionary is reported to the client", () => {
  const decoder = createCompressedDecoder(v1(), new ZstdDecoder({ maxOutputBytes: MAX }));
  const [event] = decoder.decode(sample.MESSAGE_WITH_DICTIONARY);
  assert.ok(event?.kind === "notice");
  assert.equal(event.code, "UnknownZstdDictionary");
});
