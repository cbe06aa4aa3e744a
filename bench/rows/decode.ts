/**
 * How fast the decoders of messages are: plain ones beside `JSON.parse` of the same events, compressed ones beside
 * decompressing alone, in the same run. Needs the corpus (JETSTREAM_CORPUS) and the `zstd` command;
 * without the corpus there are no rows.
 */

import { createCompressedDecoder } from "../../lib/decoder/wire/compressed.ts";
import { createFirehoseDecoder } from "../../lib/decoder/wire/firehose.ts";
import { createV1Decoder } from "../../lib/decoder/wire/v1.ts";
import { ZstdDecoder } from "../../lib/decoder/zstd/decoder.ts";
import { corpusFrames, EVERYTHING } from "../../tests/support/decoder_binary_samples.ts";
import { decoderOptions } from "../../tests/support/decoder_samples.ts";
import type { Benchmark, Effort, Result } from "../result.ts";
import { compareAll, type Work } from "../rounds.ts";
import { compress } from "../zstd.ts";
import { corpusFile, corpusLines } from "../../tests/support/corpus.ts";

const DECOMPRESSED = "v1 zstd with dictionary: decompressed";

async function measure(effort: Effort): Promise<readonly Result[]> {
  const lines = corpusLines();
  return lines === null ? [] : await compareAll(await prepare(lines), effort);
}

export const decode: Benchmark = { name: "decode", measure };

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
  return [
    over("v1 text: JSON.parse alone", lines, bytes, (line) => JSON.parse(line)),
    over("v1 text: decoded, all wanted", lines, bytes, (line) => v1.decode(line)),
    over(DECOMPRESSED, compressed, bytes, (f) => zstd.decode(f)),
    {
      ...over(
        "v1 zstd with dictionary: seen to be foreign",
        compressed,
        bytes,
        (frame) => compressedV1.isForeign(frame),
      ),
      against: DECOMPRESSED,
    },
    over("firehose: decoded, all wanted", frames, size(frames), (f) => firehose.decode(f)),
    over("firehose: decoded, none wanted", frames, size(frames), (f) => firehoseOurs.decode(f)),
  ];
}

function size(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
