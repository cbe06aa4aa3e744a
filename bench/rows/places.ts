/** What the search for places costs in the worst records that we know, by the processor's time. */

import process from "node:process";
import type { JsonObject } from "../../lib/decoder/json.ts";
import { coarsen } from "../../lib/mapper/consent/consent.ts";
import { FOUND, WORST_RECORDS, type WorstRecord } from "../../tests/support/places/worst_record.ts";
import { type Benchmark, type Effort, limited, median, type Result } from "../result.ts";

/** Small records must cost no more for each byte than a large one. */
const MEGABYTE = 1_000_000;
const SIZES = [MEGABYTE, 200_000, 20_000];
const LIMIT_MS = 100;

/** All records are tried at this length, and so many of the slowest are measured. */
const TRIED = 20_000;
const MEASURED = 12;

const JSON_TEXT = JSON.stringify(
  Array.from({ length: 12_000 }, () => ({ text: "Doors at eight, platform 9/3. Bring a friend." })),
);

export const places: Benchmark = {
  name: "places",
  measure: ({ runs }: Effort): Promise<readonly Result[]> => {
    const slowest = WORST_RECORDS.map((one) => ({ ...one, first: least(one.record(TRIED)) }))
      .sort((one, other) => other.first - one.first).slice(0, MEASURED);
    const tried = [
      ...new Set([...FOUND, ...slowest.map(({ name, record }) => ({ name, record }))]),
    ];
    return Promise.resolve(SIZES.flatMap((size) => worstOf(tried, size, runs)));
  },
};

function worstOf(tried: readonly WorstRecord[], size: number, runs: number): Result[] {
  const measured = tried.map(({ name, record }) => {
    const one = record(size);
    const bytes = new TextEncoder().encode(JSON.stringify(one)).length;
    const times = Math.ceil(MEGABYTE / bytes / 4);
    const run = (): number =>
      millisecondsOf(() => {
        for (let time = 0; time < times; time++) coarsen("app.subcult.post", one);
      }) / times / bytes * 1_000_000;
    run();
    return { name, values: Array.from({ length: runs }, run) };
  }).sort((one, other) => median(other.values) - median(one.values));
  const [worst] = measured;
  if (worst === undefined) return [];
  const parsing = median(
    Array.from({ length: 9 }, () => millisecondsOf(() => JSON.parse(JSON_TEXT))),
  );
  const scale = (parsing / JSON_TEXT.length * 1_000_000).toFixed(1);
  const note =
    `of ${WORST_RECORDS.length} records the worst, ${worst.name}; parsing JSON: ${scale} ms`;
  const what = size === MEGABYTE
    ? "1 MB of the worst record"
    : `1 MB in records of ${size / 1000} kB`;
  const named = { name: `search for places in ${what}`, unit: "ms", note };
  return [limited(named, worst.values, LIMIT_MS)];
}

/** The first run of an expression is interpreted. */
function least(record: JsonObject): number {
  const run = (): number => millisecondsOf(() => coarsen("app.subcult.post", record));
  return Math.min(run(), run());
}

function millisecondsOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
