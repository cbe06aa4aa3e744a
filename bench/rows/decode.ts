/**
 * How fast the decoders are: plain ones beside `JSON.parse` of the same events, compressed ones beside
 * decompressing alone, in the same run. Needs the corpus (JETSTREAM_CORPUS) and the `zstd` command;
 * without the corpus there are no rows.
 */

import { encode } from "@atcute/cbor";
import { eventsOf } from "../../lib/decoder/block_events.ts";
import { BlockDecoder } from "../../lib/decoder/block_frame.ts";
import { createCompressedDecoder } from "../../lib/decoder/compressed.ts";
import { createFirehoseDecoder } from "../../lib/decoder/firehose.ts";
import { createV1Decoder } from "../../lib/decoder/v1.ts";
import { ZstdDecoder } from "../../lib/decoder/zstd.ts";
import {
  blockBody,
  corpusFile,
  corpusFrames,
  EVERYTHING,
  type Row,
} from "../../tests/decoder_binary_samples.ts";
import { corpusLines, decoderOptions } from "../../tests/decoder_samples.ts";
import { seededRandom } from "../../tests/seeded_random.ts";
import { type Benchmark, compared, type Effort, median, type Result, short } from "../result.ts";

/** One thing that is done over and over: what one turn handles, and the turn itself. */
interface Work {
  readonly name: string;
  readonly messages: number;
  /** Bytes that go in, or for blocks and messages of zstd, that come out. */
  readonly bytes: number;
  readonly turn: () => void;
  /** What it is compared with; the first of all when left out. */
  readonly against?: string;
}

const ROUND_MS = 200;
const ROWS = 4096;

const DECOMPRESSED_MESSAGES = "v1 zstd with dictionary: decompressed";
const DECOMPRESSED_BLOCK = `block of ${ROWS} rows: decompressed`;

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  const lines = corpusLines();
  if (lines === null) return [];
  const works = await prepare(lines);
  const speeds = timed(works, runs, quick ? ROUND_MS / 4 : ROUND_MS);
  return works.slice(1).map((work, index) => {
    const values = speeds[index + 1] ?? [];
    const megabytes = median(values) * work.bytes / work.messages / 1e6;
    const reference = Math.max(0, works.findIndex(({ name }) => name === work.against));
    const note = `${works[reference]?.name}; ${short(megabytes)} MB/s`;
    return compared({ name: work.name, unit: "messages/s", note }, values, speeds[reference] ?? []);
  });
}

export const decode: Benchmark = { name: "decode", measure };

/** Messages per second of each, by interleaved rounds. */
function timed(list: readonly Work[], runs: number, roundMs: number): number[][] {
  const rounds = list.map((): number[] => []);
  for (let round = 0; round <= runs; round++) {
    list.forEach(({ turn, messages }, i) => {
      const start = performance.now();
      let turns = 0;
      let ms = 0;
      for (; ms < roundMs; ms = performance.now() - start) {
        turn();
        turns++;
      }
      // The first round only warms up.
      if (round > 0) rounds[i]?.push(turns * messages * 1000 / ms);
    });
  }
  return rounds;
}

async function prepare(lines: readonly string[]): Promise<Work[]> {
  const utf8 = new TextEncoder();
  const texts = lines.map((line) => utf8.encode(line));
  const bytes = size(texts);
  const dictionary = corpusFile("dictionaries/legacy_subscribe.zdict") ?? new Uint8Array();
  const compressed = await compress(texts, dictionary);
  const zstd = new ZstdDecoder({ dictionary, maxOutputBytes: 2 ** 25 });
  const v1 = createV1Decoder(EVERYTHING);
  const v1Ours = createV1Decoder(decoderOptions());
  const compressedV1 = createCompressedDecoder(v1Ours, zstd);
  const frames = corpusFrames();
  const firehose = createFirehoseDecoder(EVERYTHING);
  const firehoseOurs = createFirehoseDecoder(decoderOptions());
  const body = blockBody(rows(lines));
  const [block] = await compress([body], null);
  if (block === undefined) throw new Error("cannot measure without a block");
  const plain = new ZstdDecoder({ maxOutputBytes: 2 ** 27 });
  const blocks = new BlockDecoder();
  const over = <T>(
    name: string,
    items: readonly T[],
    bytes: number,
    act: (item: T) => unknown,
  ) => ({
    name,
    messages: items.length,
    bytes,
    turn: () => items.forEach(act),
  });
  const overRows = (name: string, turn: () => unknown): Work => ({
    name,
    messages: ROWS,
    bytes: body.length,
    turn,
  });
  return [
    over("v1 text: JSON.parse alone", lines, bytes, (line) => JSON.parse(line)),
    over("v1 text: decoded, all wanted", lines, bytes, (line) => v1.decode(line)),
    over(DECOMPRESSED_MESSAGES, compressed, bytes, (f) => zstd.decode(f)),
    {
      ...over(
        "v1 zstd with dictionary: seen to be foreign",
        compressed,
        bytes,
        (frame) => compressedV1.isForeign(frame),
      ),
      against: DECOMPRESSED_MESSAGES,
    },
    over("firehose: decoded, all wanted", frames, size(frames), (f) => firehose.decode(f)),
    over("firehose: decoded, none wanted", frames, size(frames), (f) => firehoseOurs.decode(f)),
    overRows(DECOMPRESSED_BLOCK, () => plain.decode(block)),
    {
      ...overRows("block: none wanted", () => eventsOf(blocks.decode(block), decoderOptions())),
      against: DECOMPRESSED_BLOCK,
    },
    {
      ...overRows("block: all wanted", () => eventsOf(blocks.decode(block), EVERYTHING)),
      against: DECOMPRESSED_BLOCK,
    },
  ];
}

/** Rows like those of the archive: the records of the corpus, with names that don't repeat. */
function rows(lines: readonly string[]): Row[] {
  const random = seededRandom(1);
  const name = (length: number): string =>
    Array.from({ length }, () => "234567abcdefghijklmnopqrstuvwxyz"[Math.floor(random() * 32)])
      .join("");
  const records = lines.map((line) => JSON.parse(line).commit)
    .filter((commit) => commit?.record !== undefined);
  return Array.from({ length: ROWS }, (_, i) => {
    const { collection, record } = records[i % records.length];
    const text = JSON.stringify(record)
      .replaceAll(/did:plc:[a-z2-7]{24}/g, () => `did:plc:${name(24)}`)
      .replaceAll(/3m[a-z2-7]{11}/g, () => `3m${name(11)}`)
      .replaceAll(/\.\d{3}Z/g, () => `.${100 + Math.floor(random() * 900)}Z`);
    return {
      seq: i + 1,
      witnessedAt: 1_787_218_201_004_512 + 431 * i,
      kind: 1,
      did: `did:plc:${name(24)}`,
      collection,
      rkey: `3m${name(11)}`,
      rev: `3m${name(11)}`,
      payload: encode(JSON.parse(text)),
    };
  });
}

function size(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Compresses each content by itself, with the reference implementation at its usual level. */
async function compress(
  contents: readonly Uint8Array[],
  dictionary: Uint8Array | null,
): Promise<Uint8Array[]> {
  const folder = await Deno.makeTempDir();
  try {
    const files = contents.map((_, i) => `${folder}/${i}`);
    await Promise.all(
      files.map((file, i) => Deno.writeFile(file, contents[i] ?? new Uint8Array())),
    );
    const args = ["-q", ...files];
    if (dictionary !== null) {
      await Deno.writeFile(`${folder}/dictionary`, dictionary);
      args.unshift("-D", `${folder}/dictionary`);
    }
    const { success, stderr } = await new Deno.Command("zstd", { args }).output();
    if (!success) throw new Error(`cannot compress: ${new TextDecoder().decode(stderr)}`);
    return await Promise.all(files.map((file) => Deno.readFile(`${file}.zst`)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
