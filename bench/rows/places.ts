/** What the search for places costs in the worst texts that we know, by the processor's time. */

import process from "node:process";
import { withoutPlaces } from "../../lib/mapper/place_text.ts";
import { WORST_TEXTS } from "../../tests/places/worst_text.ts";
import { type Benchmark, type Effort, limited, median, type Result } from "../result.ts";

const BYTES = 1_000_000;
const LIMIT_MS = 100;
const WARM_UP = 2;

export const places: Benchmark = {
  name: "places",
  measure: ({ runs }: Effort): Promise<readonly Result[]> => {
    let worst: { readonly name: string; readonly values: readonly number[] } | undefined;
    for (const { name, text } of WORST_TEXTS) {
      const long = text(BYTES);
      // The first runs of an expression are interpreted.
      for (let run = 0; run < WARM_UP; run++) withoutPlaces(long);
      const values = Array.from({ length: runs }, () => millisecondsOf(long));
      if (worst === undefined || median(values) > median(worst.values)) worst = { name, values };
    }
    if (worst === undefined) return Promise.resolve([]);
    const note = `of ${WORST_TEXTS.length} texts the worst, ${worst.name}`;
    const named = { name: "search for places in 1 MB of the worst text", unit: "ms", note };
    return Promise.resolve([limited(named, worst.values, LIMIT_MS)]);
  },
};

function millisecondsOf(text: string): number {
  const before = process.cpuUsage();
  withoutPlaces(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
