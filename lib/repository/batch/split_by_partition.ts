/** Divides a batch whose events can be of any partition. */

import type { Batch, BatchResult } from "../fold/batch.ts";
import type { Outcome } from "../outcome.ts";
import { partitionOfEvent, WHOLE } from "../partitions/partition.ts";

/**
 * Writes a batch in parts, one after another, one for each partition that has events in it. The outcomes are
 * in the order of the events.
 */
export async function splitByPartition(
  batch: Batch,
  partitions: number,
  write: (part: Batch) => Promise<BatchResult>,
): Promise<BatchResult> {
  // Records that are mapped again can be of all partitions: this transaction excludes all other writers.
  if (partitions === 1 || batch.remap !== undefined) {
    return await write({ ...batch, share: WHOLE });
  }
  const places = new Map<number, number[]>();
  for (const [index, event] of batch.events.entries()) {
    const partition = partitionOfEvent(event, partitions) ?? 0;
    const indexes = places.get(partition);
    if (indexes === undefined) places.set(partition, [index]);
    else indexes.push(index);
  }
  const outcomes: Outcome[] = Array(batch.events.length).fill("ignored");
  const reasons: string[] = [];
  let rowsWritten = 0;
  for (const [partition, indexes] of places) {
    const result = await write({
      ...batch,
      id: crypto.randomUUID(),
      events: indexes.map((index) => batch.events[index]!),
      deadLetters: batch.deadLetters.length > 0
        ? indexes.map((index) => batch.deadLetters[index]!)
        : [],
      share: { partition, of: partitions },
    });
    for (const [at, index] of indexes.entries()) outcomes[index] = result.outcomes[at] ?? "ignored";
    reasons.push(...result.reasons);
    rowsWritten += result.rowsWritten;
  }
  return { outcomes, reasons: [...new Set(reasons)], rowsWritten };
}
