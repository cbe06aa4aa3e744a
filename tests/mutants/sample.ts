/** Which changes a campaign tries. */

import { seededRandom } from "../support/seeded_random.ts";
import type { Mutant } from "./mutant.ts";

/** `size` of the changes, selected and ordered by the seed. */
export function sampleOf(
  all: readonly Mutant[],
  size: number,
  seed: number,
): readonly Mutant[] {
  const random = seededRandom(seed);
  return all.map((mutant) => ({ mutant, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, size)
    .map(({ mutant }) => mutant);
}
