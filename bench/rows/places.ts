/** What the search for places costs in the worst records that we know, by the processor's time. */

import process from "node:process";
import type { JsonObject } from "../../lib/decoder/json.ts";
import { coarsen } from "../../lib/mapper/consent/consent.ts";
import { WORST_RECORDS } from "../../tests/support/places/worst_record.ts";
import { type Benchmark, type Effort, limited, median, type Result } from "../result.ts";

const BYTES = 1_000_000;
const LIMIT_MS = 100;

/** All records are tried at an eighth of the length, and so many of the slowest are measured. */
const MEASURED = 12;

export const places: Benchmark = {
  name: "places",
  measure: ({ runs }: Effort): Promise<readonly Result[]> => {
    const slowest = WORST_RECORDS.map((one) => ({ ...one, first: least(one.record(BYTES / 8)) }))
      .sort((one, other) => other.first - one.first).slice(0, MEASURED);
    const measured = slowest.map(({ name, record }) => {
      const long = record(BYTES);
      millisecondsOf(long);
      return { name, values: Array.from({ length: runs }, () => millisecondsOf(long)) };
    }).sort((one, other) => median(other.values) - median(one.values));
    const [worst] = measured;
    if (worst === undefined) return Promise.resolve([]);
    const note = `of ${WORST_RECORDS.length} records the worst, ${worst.name}`;
    const named = { name: "search for places in 1 MB of the worst record", unit: "ms", note };
    return Promise.resolve([limited(named, worst.values, LIMIT_MS)]);
  },
};

/** The first run of an expression is interpreted. */
function least(record: JsonObject): number {
  return Math.min(millisecondsOf(record), millisecondsOf(record));
}

function millisecondsOf(record: JsonObject): number {
  const before = process.cpuUsage();
  coarsen("app.subcult.post", record);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
