/**
 * How fast blocks of the archive are decoded, compared with receiving them with the archive's own client, over
 * HTTPS on loopback, and with decompressing alone. Needs the corpus (JETSTREAM_CORPUS) and the `zstd`
 * command; without the corpus there are no rows.
 */

import zlib from "node:zlib";
import { send } from "../../lib/client/archive/http_request.ts";
import { DEFAULT_AHEAD } from "../../lib/client/archive/replay.ts";
import { systemClock } from "../../lib/client/clock.ts";
import { eventsOf } from "../../lib/decoder/archive/block_events.ts";
import { BlockDecoder } from "../../lib/decoder/archive/block_frame.ts";
import type { DecoderOptions } from "../../lib/decoder/wire/decoder.ts";
import { decompress } from "../../lib/decoder/zstd/libzstd.ts";
import { ZstdDecoder } from "../../lib/decoder/zstd/decoder.ts";
import { AUTHORITY } from "../../tests/support/certificates.ts";
import { EVERYTHING } from "../../tests/support/decoder_binary_samples.ts";
import { decoderOptions } from "../../tests/support/decoder_samples.ts";
import { blockOf } from "../../tests/support/jetstream/archive_file.ts";
import { archiveRows, ROWS_OF_BLOCK } from "../archive_rows.ts";
import { deno } from "../processes.ts";
import { type Benchmark, type Effort, type Result } from "../result.ts";
import { compareAll, type Work } from "../rounds.ts";
import { compress } from "../zstd.ts";
import { corpusLines } from "../../tests/support/corpus.ts";

/** Requests of a replay at a time. */
const AHEAD = DEFAULT_AHEAD.tasks;

/** What is measured, without how much it handles. */
type Turn = Omit<Work, "messages" | "bytes">;

const RECEIVED = `block of ${ROWS_OF_BLOCK} rows: received over HTTPS`;
const DECOMPRESSED = `block of ${ROWS_OF_BLOCK} rows: decompressed`;

async function measure(effort: Effort): Promise<readonly Result[]> {
  const lines = corpusLines();
  if (lines === null) return [];
  const { body } = blockOf(archiveRows(lines, 0));
  const [block] = await compress([body], null);
  if (block === undefined) throw new Error("cannot measure without a block");
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, block);
    await using server = deno("file_server.ts", [file]);
    const { https, http } = await server.hear<{ https: string; http: string }>();
    // What the runtime's own client does: HTTP/2 where the server offers it, as most do over TLS.
    using usual = Deno.createHttpClient({ caCerts: [AUTHORITY] });
    using older = Deno.createHttpClient({ caCerts: [AUTHORITY], http2: false });
    const receiving = [
      receipt(RECEIVED, new URL(https), usual),
      receipt("block: received over HTTPS by HTTP/1.1", new URL(https), older),
      receipt("block: received without TLS", new URL(http), usual),
    ].map((work) => ({ ...work, messages: AHEAD * ROWS_OF_BLOCK, bytes: AHEAD * body.length }));
    const works = (list: readonly Turn[]): Work[] =>
      list.map((work) => ({ ...work, messages: ROWS_OF_BLOCK, bytes: body.length }));
    return [
      ...await compareAll([...receiving, ...works(noneWanted(block, body.length))], effort),
      // Apart, as in a replay: what has seen both kinds of rows is slower with either.
      ...await compareAll(works(allWanted(block, body.length)), effort),
    ];
  } finally {
    await Deno.remove(file);
  }
}

export const blocks: Benchmark = { name: "blocks", measure };

/** Downloads a block repeatedly and in parallel, like a replay. */
function receipt(name: string, url: URL, client: Deno.HttpClient): Turn {
  const request = {
    url,
    method: "GET",
    headers: { "Accept-Encoding": "identity" },
    expects: 200,
    maxBytes: 2 ** 27,
  } as const;
  const fetchWith: typeof fetch = (input, init) => fetch(input, { ...init, client });
  const { signal } = new AbortController();
  const options = { fetch: fetchWith, clock: systemClock, signal };
  const turn = async (): Promise<void> => {
    await Promise.all(Array.from({ length: AHEAD }, () => send(request, options)));
  };
  return { name, turn };
}

function noneWanted(block: Uint8Array, bytes: number): Turn[] {
  const ours = new ZstdDecoder({ maxOutputBytes: 2 ** 27 });
  const turn = decoding(block, decoderOptions());
  return [
    decompressing(block, bytes),
    { name: "block: decompressed by our own decoder", turn: () => void ours.decode(block) },
    ...native(block),
    { name: "block: none wanted, beside receiving", turn, goal: 1 },
    { name: "block: none wanted, beside decompressing", turn, against: DECOMPRESSED },
  ];
}

function allWanted(block: Uint8Array, bytes: number): Turn[] {
  const turn = decoding(block, EVERYTHING);
  return [decompressing(block, bytes), {
    name: "block: all wanted, beside decompressing",
    turn,
  }];
}

function decompressing(block: Uint8Array, bytes: number): Turn {
  return { name: DECOMPRESSED, turn: () => void decompress(block, bytes) };
}

function decoding(block: Uint8Array, options: DecoderOptions): () => void {
  const decoder = new BlockDecoder();
  return () => void eventsOf(decoder.decode(block), options);
}

/** libzstd as machine code, in runtimes that have it. */
function native(block: Uint8Array): Turn[] {
  const { zstdDecompressSync } = zlib;
  if (typeof zstdDecompressSync !== "function") return [];
  return [{
    name: "block: decompressed by the runtime's libzstd",
    turn: () => void zstdDecompressSync(block),
  }];
}
