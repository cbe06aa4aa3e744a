/**
 * The cost of a record of the archive in the indexer when everything is wanted and nothing has a product table,
 * compared with `JSON.parse` of one. Needs the corpus (JETSTREAM_CORPUS) and the `zstd` command; without the corpus
 * there are no rows.
 */

import process from "node:process";
import { corpusLines } from "../../tests/support/corpus.ts";
import { archiveRows, ROWS_OF_BLOCK } from "../archive_rows.ts";
import { Scratch } from "../database.ts";
import { deno } from "../processes.ts";
import { atMost, type Benchmark, type Effort, type Result } from "../result.ts";
import { runIndexer } from "../runs.ts";

/** The start of the process, with cold code, is measured separately by a run that ends here. */
const WARM_UP_BLOCKS = 6;

/** CPU of a record, in times that of `JSON.parse`. */
const MOST = 9;

/** How long records are parsed, milliseconds. */
const PARSING_MS = 1000;

async function measure({ runs, quick }: Effort): Promise<readonly Result[]> {
  const lines = corpusLines();
  if (lines === null) return [];
  const blocks = quick ? 4 : 24;
  const texts = archiveRows(lines, 0).map(({ content }) => JSON.stringify(content));
  const collections = new Set(archiveRows(lines, 0).map(({ collection }) => collection));
  const env = {
    START_FROM: "archive",
    WANTED_COLLECTIONS: [...collections].join(","),
  };
  await using scratch = await Scratch.create("archive");
  // Longer than what is measured: a replay that ends would ask for the live stream.
  const { JETSTREAM_CORPUS } = Deno.env.toObject();
  await using server = deno(
    "archive_server.ts",
    [String(WARM_UP_BLOCKS + blocks + 2)],
    JETSTREAM_CORPUS === undefined ? {} : { JETSTREAM_CORPUS },
  );
  const { url } = await server.hear<{ url: string }>();
  const cpuFor = async (expected: number): Promise<number> => {
    await scratch.empty();
    const { indexerCores, ms } = await runIndexer({ scratch, url, expected, env });
    return indexerCores * ms * 1000;
  };
  const ours: number[] = [];
  const parsing: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = await cpuFor(WARM_UP_BLOCKS * ROWS_OF_BLOCK);
    const whole = await cpuFor((WARM_UP_BLOCKS + blocks) * ROWS_OF_BLOCK);
    ours.push((whole - start) / (blocks * ROWS_OF_BLOCK));
    parsing.push(parsingUs(texts));
  }
  const name = "archive, everything wanted, unmapped: CPU a record in the indexer";
  return [atMost({ name, unit: "µs", note: "JSON.parse of one" }, ours, parsing, MOST)];
}

export const archive: Benchmark = { name: "archive", measure };

/** CPU that `JSON.parse` of one text takes, microseconds. */
function parsingUs(texts: readonly string[]): number {
  let count = 0;
  const before = process.cpuUsage();
  for (const end = performance.now() + PARSING_MS; performance.now() < end;) {
    for (const text of texts) JSON.parse(text);
    count += texts.length;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
