/** Delta debugging: makes a failing delivery as small as it gets while it still fails. */

import type { Delivered } from "./delivery.ts";

/** Whether a delivery still shows the failure. A delivery that isn't legal must answer no. */
export type Fails = (deliveries: readonly Delivered[]) => boolean | Promise<boolean>;

/**
 * Drops whole events first, then single repetitions, then batch boundaries. Gives up refining after
 * `maxTries` and returns the smallest failing delivery so far.
 */
export async function shrink(
  failing: readonly Delivered[],
  fails: Fails,
  maxTries = 2000,
): Promise<readonly Delivered[]> {
  let smallest = failing;
  let tries = 0;
  const accept = async (candidate: readonly Delivered[]): Promise<boolean> => {
    if (candidate.length === 0 || ++tries > maxTries) return false;
    if (!await fails(candidate)) return false;
    smallest = candidate;
    return true;
  };
  const positions = (): number[] => [...new Set(smallest.map(({ position }) => position))];
  await dropChunks(positions, (dropped) => {
    const gone = new Set(dropped);
    return accept(smallest.filter(({ position }) => !gone.has(position)));
  });
  await dropChunks(() => [...smallest], (dropped) => {
    const gone = new Set(dropped);
    return accept(smallest.filter((delivered) => !gone.has(delivered)));
  });
  const oneBatch = smallest.map((delivered) => ({ ...delivered, endsBatch: false }));
  if (await accept(oneBatch)) return smallest;
  for (let index = 0; index < smallest.length; index++) {
    const merged = smallest.map((delivered, place) =>
      place === index ? { ...delivered, endsBatch: false } : delivered
    );
    if (smallest[index]?.endsBatch) await accept(merged);
  }
  return smallest;
}

/** Tries to drop ever smaller chunks of what is left, until single items can't be dropped. */
async function dropChunks<T>(
  items: () => T[],
  drop: (chunk: readonly T[]) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(items().length / 2); size >= 1; size = Math.floor(size / 2)) {
    let dropped = true;
    while (dropped) {
      dropped = false;
      for (let start = 0; start < items().length;) {
        const chunk = items().slice(start, start + size);
        if (await drop(chunk)) dropped = true;
        else start += size;
      }
    }
  }
}

/** The delivery for a person: one line each frame, a rule under each batch. */
export function printDelivery(deliveries: readonly Delivered[]): string {
  return deliveries.map(({ position, frame, endsBatch }) =>
    `${String(position).padStart(4)}  ${frame.length > 600 ? `${frame.slice(0, 600)}…` : frame}\n` +
    (endsBatch ? "      ----\n" : "")
  ).join("");
}
