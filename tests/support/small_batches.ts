/**
 * A stream that is cut into full batches of one size, each of which is stored slowly: whatever the
 * program does with the next batch meanwhile, it does before the one in flight is durable.
 */

import assert from "node:assert/strict";
import type { FaultPoint } from "../../lib/indexer/fault_point.ts";
import type { OutcomeCounts } from "../../lib/repository/outcome.ts";
import { Program, type ProgramOptions } from "./crash/in_process.ts";
import { numbered } from "./crash/stream.ts";
import { ReplayServer } from "./jetstream/replay_server.ts";
import { Script } from "./model/frames.ts";

/** Sizes that put a boundary between any two of the first ten events. */
export const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

/** Whose records fill the last batch: nobody refers to them. */
const FILLER = "did:plc:filler2345abcdefghijklmn";

/** Where the next batch gets its time: the one in flight is neither durable nor answered for. */
const SLOW: ReadonlySet<FaultPoint> = new Set(["batch_stored", "batch_cursor_moved"]);

export interface SmallBatches {
  readonly databaseUrl: string;
  readonly size: number;
  readonly options?: Partial<ProgramOptions>;
  /** Told at each fault point, with how often it was passed before; waited for. */
  readonly at?: (name: FaultPoint, before: number) => void | Promise<void>;
}

export interface Ran {
  /** The frames that were sent: those asked for, and then fillers. */
  readonly sent: readonly string[];
  readonly counts: OutcomeCounts;
}

/** Runs the program until it has committed these frames and some fillers, and stops it. */
export async function runInBatches(
  frames: readonly string[],
  { databaseUrl, size, options = {}, at = () => {} }: SmallBatches,
): Promise<Ran> {
  const sent = filled(frames, size);
  const passed = new Map<FaultPoint, number>();
  // Nothing is written before nearly all of it is queued, so that every batch is full.
  const queued = Promise.withResolvers<void>();
  await using server = new ReplayServer({ pingMs: 0 });
  await using program = new Program({
    databaseUrl,
    streamUrl: server.url,
    random: () => 0.05,
    ...options,
    env: { BATCH_MAX_EVENTS: String(size), BATCH_MAX_WAIT_MS: "5000", ...options.env },
    faultPoint: async (name) => {
      if (name === "batch_beginning") await queued.promise;
      const before = passed.get(name) ?? 0;
      passed.set(name, before + 1);
      await at(name, before);
      if (SLOW.has(name)) await new Promise((resolve) => setTimeout(resolve, 2));
    },
  });
  server.push(...sent);
  await program.until(() => program.said("connected") > 0);
  const { facts } = program.running.telemetry;
  const watch = setInterval(() => program.look(), 1);
  await program.until(() => facts.backlog().queued >= sent.length - 2 * size)
    .finally(() => clearInterval(watch));
  queued.resolve();
  await program.committed(sent.length);
  assert.equal(await program.stop(), 0);
  return { sent, counts: program.counts };
}

/** The frames with at least one commit after them, so that the last batch is full and not waited for. */
function filled(frames: readonly string[], size: number): string[] {
  const whole = Math.ceil((frames.length + 1) / size) * size;
  const script = new Script();
  const fillers = Array.from(
    { length: whole - frames.length },
    (_, index) => script.commit(FILLER, "badge", `filler-${index}`, { level: 1 }),
  );
  return numbered([...frames, ...fillers]);
}
