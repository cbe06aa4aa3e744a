/**
 * Seeds of random tests: fresh ones each time, so that runs add up. An error names the seed that it came with.
 * `PROPERTY_SEED` runs one alone, `PROPERTY_STREAMS` says how many are run where 20 are usual.
 */

const ALONE = Deno.env.get("PROPERTY_SEED");

/** Whether one seed is run alone. */
export const isAlone = ALONE !== undefined;

/** As many as are usual, unless the environment says otherwise. */
export function freshSeeds(usually: number): readonly number[] {
  if (ALONE !== undefined) return [Number(ALONE)];
  const first = Date.now() % 1_000_000_000;
  const count = Math.ceil(usually * Number(Deno.env.get("PROPERTY_STREAMS") ?? 20) / 20);
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Runs a test with each of some fresh seeds. */
export async function forSeeds(
  usually: number,
  run: (seed: number) => Promise<void>,
): Promise<void> {
  for (const seed of freshSeeds(usually)) await withSeed(seed, run);
}

/** A test with one fresh seed, before what else it is given. */
export function seeded<Given extends unknown[]>(
  run: (seed: number, ...given: Given) => Promise<void>,
): (...given: Given) => Promise<void> {
  const [seed = 0] = freshSeeds(1);
  return (...given) => withSeed(seed, () => run(seed, ...given));
}

/** Runs a test with a seed. */
export async function withSeed(seed: number, run: (seed: number) => Promise<void>): Promise<void> {
  try {
    await run(seed);
  } catch (cause) {
    throw new Error(`it fails with PROPERTY_SEED=${seed}`, { cause });
  }
}
