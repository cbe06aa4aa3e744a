/** Generated streams as one server sends them: every frame has its sequence number. */

import assert from "node:assert/strict";
import type { Sql } from "../../../lib/repository/connection/sql.ts";
import { brokenRules, readTables } from "../model/compare.ts";
import { Model, type Outcome } from "../model/fold.ts";
import { generateStream } from "../model/generator.ts";
import { forbiddenDigits } from "../model/privacy.ts";
import { differences } from "../model/tables.ts";
import { tidOf } from "../model/wire_identifier.ts";

/** An account that the generator does not use. */
const BYSTANDER = "did:plc:bystander345abcdefghijkl";

const FIRST_US = 1_787_218_200_000_000;

/** A commit, which is written without waiting for other events. */
const LAST = commit(1_790_000_000_000_000, "app.subcult.badge", { level: 1 });

/**
 * A stream of `length` frames for a server whose first sequence number is 1. The first one brings an
 * invalid record that is never corrected.
 */
export function numberedStream(seed: number, length: number): string[] {
  const invalid = commit(FIRST_US, "app.subcult.scene", { name: "" });
  const frames = [invalid, ...generateStream(seed, { length: length - 2, protocol: "v1" }), LAST];
  return numbered(frames);
}

/** Frames as the first ones of a server. */
export function numbered(frames: readonly string[]): string[] {
  return frames.map((frame, index) => withCursor(frame, index + 1));
}

/** Fails when the tables differ from the result of these frames, each once and in order. */
export async function assertFolded(sql: Sql, frames: readonly string[]): Promise<void> {
  const model = new Model();
  for (const frame of frames) model.deliver(frame);
  assert.deepEqual([
    ...differences(model.tables(), await readTables(sql)),
    ...await brokenRules(sql, forbiddenDigits(frames, model)),
  ], []);
}

/** How these frames must be counted, each once and in order. */
export function countsAfter(frames: readonly string[]): Record<Outcome, number> {
  const model = new Model();
  return countsOf(frames.map((frame) => model.deliver(frame)));
}

/** Counts of all outcomes, including zeros. */
export function countsOf(outcomes: readonly Outcome[]): Record<Outcome, number> {
  const counts = { applied: 0, duplicate: 0, stale: 0, waiting: 0, dead_letter: 0, ignored: 0 };
  for (const outcome of outcomes) counts[outcome] += 1;
  return counts;
}

/** An undecodable frame stays unchanged: it has no position. */
function withCursor(frame: string, cursor: number): string {
  try {
    const message: unknown = JSON.parse(frame);
    if (typeof message !== "object" || message === null || Array.isArray(message)) return frame;
    return JSON.stringify({ ...message, cursor });
  } catch {
    return frame;
  }
}

function commit(timeUs: number, collection: string, fields: Record<string, unknown>): string {
  const record = { $type: collection, ...fields };
  const commit = { rev: tidOf(timeUs, 0), operation: "create", collection, rkey: "ours", record };
  return JSON.stringify({ did: BYSTANDER, time_us: timeUs, kind: "commit", commit });
}
