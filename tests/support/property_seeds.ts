/**
 * Fresh seeds each time, so that runs add up; printed, so that one can be run again: `PROPERTY_SEED` runs one alone,
 * `PROPERTY_STREAMS` says how many, where 20 is what is usual.
 */
export async function propertySeeds(usually: number): Promise<readonly number[]> {
  const alone = Deno.env.get("PROPERTY_SEED");
  const first = alone === undefined ? Date.now() % 1_000_000_000 : Number(alone);
  const more = Number(Deno.env.get("PROPERTY_STREAMS") ?? 20) / 20;
  const count = alone === undefined ? Math.ceil(usually * more) : 1;
  await Deno.stdout.write(
    new TextEncoder().encode(`seeds ${first} to ${first + count - 1}\n`),
  );
  return Array.from({ length: count }, (_, index) => first + index);
}
