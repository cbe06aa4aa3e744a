/** Measurements that alternate on one thread, so that they are compared in the same invocation. */

import { compared, type Effort, median, type Result, short } from "./result.ts";

/** One measurement: what one round handles, and the round itself. */
export interface Work {
  readonly name: string;
  readonly messages: number;
  /** Input bytes; for blocks and zstd messages, output bytes. */
  readonly bytes: number;
  readonly turn: () => void | Promise<void>;
  /** What it is compared with; the first of all when left out. */
  readonly against?: string;
  /** What the ratio should reach. */
  readonly goal?: number;
}

const ROUND_MS = 200;

/** A row for each but the first, which is the reference of all that name no other. */
export async function compareAll(
  works: readonly Work[],
  { runs, quick }: Effort,
): Promise<readonly Result[]> {
  const speeds = await timed(works, runs, quick ? ROUND_MS / 4 : ROUND_MS);
  return works.slice(1).map((work, index) => {
    const values = speeds[index + 1] ?? [];
    const megabytes = median(values) * work.bytes / work.messages / 1e6;
    const reference = Math.max(0, works.findIndex(({ name }) => name === work.against));
    const note = `${works[reference]?.name}; ${short(megabytes)} MB/s`;
    const named = { name: work.name, unit: "messages/s", note };
    return compared(named, values, speeds[reference] ?? [], work.goal);
  });
}

/** Messages per second of each, by interleaved rounds. */
async function timed(
  works: readonly Work[],
  runs: number,
  roundMs: number,
): Promise<number[][]> {
  const rounds = works.map((): number[] => []);
  for (let round = 0; round <= runs; round++) {
    for (const [i, { turn, messages }] of works.entries()) {
      const start = performance.now();
      let turns = 0;
      let ms = 0;
      for (; ms < roundMs; ms = performance.now() - start) {
        const pending = turn();
        if (pending !== undefined) await pending;
        turns++;
      }
      // The first round only warms up.
      if (round > 0) rounds[i]?.push(turns * messages * 1000 / ms);
    }
  }
  return rounds;
}
