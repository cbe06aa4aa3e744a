/**
 * How fast blocks of the archive are decoded, beside receiving them over loopback with the archive's own
 * client, and beside decompressing alone. Needs the corpus (JETSTREAM_CORPUS) and the `zstd` command;
 * without the corpus there are no rows.
 */

import { encode } from "@atcute/cbor";
import zlib from "node:zlib";
import { send } from "../../lib/client/archive/http.ts";
import { DEFAULT_AHEAD } from "../../lib/client/archive/replay.ts";
import { systemClock } from "../../lib/client/clock.ts";
import { eventsOf } from "../../lib/decoder/block_events.ts";
import { BlockDecoder } from "../../lib/decoder/block_frame.ts";
import { recordCid } from "../../lib/decoder/cid.ts";
import { ZstdDecoder } from "../../lib/decoder/zstd.ts";
import { blockBody, EVERYTHING, type Row } from "../../tests/decoder_binary_samples.ts";
import { corpusLines, decoderOptions } from "../../tests/decoder_samples.ts";
import { seededRandom } from "../../tests/seeded_random.ts";
import { deno } from "../processes.ts";
import { type Benchmark, type Effort, type Result } from "../result.ts";
import { compareAll, type Work } from "../rounds.ts";
import { compress } from "../zstd.ts";

const ROWS = 4096;

const RECEIVED = `block of ${ROWS} rows: received`;
const DECOMPRESSED = `block of ${ROWS} rows: decompressed`;

async function measure(effort: Effort): Promise<readonly Result[]> {
  const lines = corpusLines();
  if (lines === null) return [];
  const body = blockBody(rows(lines));
  const [block] = await compress([body], null);
  if (block === undefined) throw new Error("cannot measure without a block");
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, block);
    await using server = deno("file_server.ts", [file]);
    const { url } = await server.hear<{ url: string }>();
    return await compareAll(worksOf(block, body.length, new URL(url)), effort);
  } finally {
    await Deno.remove(file);
  }
}

export const blocks: Benchmark = { name: "blocks", measure };

function worksOf(block: Uint8Array, bytes: number, url: URL): Work[] {
  const plain = new ZstdDecoder({ maxOutputBytes: 2 ** 27 });
  const decoder = new BlockDecoder();
  const once = { messages: ROWS, bytes };
  const none = (): void => void eventsOf(decoder.decode(block), decoderOptions());
  const all = (): void => void eventsOf(decoder.decode(block), EVERYTHING);
  const ahead = DEFAULT_AHEAD.tasks;
  return [
    {
      name: RECEIVED,
      messages: ahead * ROWS,
      bytes: ahead * bytes,
      turn: () => receive(url, ahead),
    },
    { ...once, name: DECOMPRESSED, turn: () => void plain.decode(block) },
    ...native(block).map((turn) => ({
      ...once,
      name: "block: decompressed by the reference implementation",
      turn,
    })),
    { ...once, name: "block: none wanted, beside receiving", turn: none },
    {
      ...once,
      name: "block: none wanted, beside decompressing",
      turn: none,
      against: DECOMPRESSED,
    },
    { ...once, name: "block: all wanted, beside receiving", turn: all },
    { ...once, name: "block: all wanted, beside decompressing", turn: all, against: DECOMPRESSED },
  ];
}

/** Decompresses with libzstd, in runtimes that have it: as fast as any code on one core does. */
function native(block: Uint8Array): (() => void)[] {
  const { zstdDecompressSync } = zlib;
  return typeof zstdDecompressSync === "function" ? [() => void zstdDecompressSync(block)] : [];
}

/** Gets it so many times in parallel, as a replay does. */
async function receive(url: URL, times: number): Promise<void> {
  const request = {
    url,
    method: "GET",
    headers: { "Accept-Encoding": "identity" },
    expects: 200,
    maxBytes: 2 ** 27,
  } as const;
  const { signal } = new AbortController();
  const options = { fetch, clock: systemClock, signal };
  await Promise.all(Array.from({ length: times }, () => send(request, options)));
}

/** Rows like those of the archive: the records of the corpus, with names and CIDs that don't repeat. */
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
      .replaceAll(/baf[yk]rei[a-z2-7]{52}/g, () => recordCid(encode(name(24))))
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
