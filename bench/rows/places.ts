/** What the search for places costs in the worst texts that we know, by the processor's time. */

import process from "node:process";
import { withoutPlaces } from "../../lib/mapper/place_text.ts";
import { WORST_TEXTS } from "../../tests/places/worst_text.ts";
import { type Benchmark, type Effort, limited, median, type Result } from "../result.ts";

const BYTES = 1_000_000;
const LIMIT_MS = 100;

/** All texts are tried at a quarter of the length, and so many of the slowest are measured. */
const MEASURED = 8;

export const places: Benchmark = {
  name: "places",
  measure: ({ runs }: Effort): Promise<readonly Result[]> => {
    const slowest = WORST_TEXTS.map((worst) => ({ ...worst, first: least(worst.text(BYTES / 4)) }))
      .sort((one, other) => other.first - one.first).slice(0, MEASURED);
    const measured = slowest.map(({ name, text }) => {
      const long = text(BYTES);
      withoutPlaces(long);
      return { name, values: Array.from({ length: runs }, () => millisecondsOf(long)) };
    }).sort((one, other) => median(other.values) - median(one.values));
    const [worst] = measured;
    if (worst === undefined) return Promise.resolve([]);
    const note = `of ${WORST_TEXTS.length} texts the worst, ${worst.name}`;
    const named = { name: "search for places in 1 MB of the worst text", unit: "ms", note };
    return Promise.resolve([limited(named, worst.values, LIMIT_MS)]);
  },
};

/** The first run of an expression is interpreted. */
function least(text: string): number {
  return Math.min(millisecondsOf(text), millisecondsOf(text));
}

function millisecondsOf(text: string): number {
  const before = process.cpuUsage();
  withoutPlaces(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
