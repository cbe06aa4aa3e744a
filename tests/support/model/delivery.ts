/** Turns a stream into one possible at-least-once delivery. */

import { seenElsewhere } from "./envelope.ts";
import { readFrame } from "./frame.ts";
import { Random } from "./random.ts";

/** One frame as it arrives. */
export interface Delivered {
  /** Its index in the plain stream. */
  readonly position: number;
  readonly frame: string;
  /** Whether its batch ends with it. */
  readonly endsBatch: boolean;
}

/**
 * A delivery as a source with a cursor makes it: each event comes first in stream order, and
 * anything delivered before may come again, alone, in runs, or from an earlier cursor up to the end.
 */
export function deliverAtLeastOnce(stream: readonly string[], seed: number): Delivered[] {
  const random = new Random(seed, 2);
  const { length } = stream;
  const order: number[] = [];
  const repeats = random.next();
  let head = 0;
  const run = (from: number, to: number): void => {
    for (let position = from; position < to; position++) order.push(position);
  };
  while (head < length) {
    const start = head;
    head = Math.min(length, head + random.between(1, Math.ceil(length / 3)));
    run(start, head);
    if (!random.chance(repeats)) continue;
    random.weighted([
      [2, () => run(start, head)],
      [2, () => run(random.between(0, head - 1), head)],
      [2, () => order.push(random.between(0, head - 1))],
      [1, () => {
        const from = random.between(0, head - 1);
        run(from, random.between(from, head - 1) + 1);
      }],
    ])();
  }
  if (random.chance(0.5)) run(random.between(0, length - 1), length);
  return cut(order.map((position) => ({ position, frame: stream[position] ?? "" })), random);
}

/**
 * A harder delivery: commits are reordered, so that an older revision may come after a
 * newer one and a delete before its create. All other events stay where they are, and a stream with a
 * rebuild stays as it is: there, what came first is all that tells two revisions apart.
 */
export function deliverOutOfOrder(stream: readonly string[], seed: number): Delivered[] {
  const random = new Random(seed, 3);
  const kinds = stream.map((frame) => readFrame(frame).kind);
  const moves = (kind: string): boolean => kind === "commit" && !kinds.includes("sync");
  const places = kinds.flatMap((kind, position) => moves(kind) ? [position] : []);
  const order = stream.map((_, position) => position);
  const reach = random.pick([1, 3, 10, places.length]);
  places.forEach((place, index) => {
    const other = places[Math.min(places.length - 1, index + random.between(0, reach))] ?? place;
    const [one, two] = [order[place] ?? place, order[other] ?? other];
    order[place] = two;
    order[other] = one;
  });
  for (let again = random.between(0, 10); again > 0; again--) order.push(random.pick(order));
  return cut(order.map((position) => ({ position, frame: stream[position] ?? "" })), random);
}

/**
 * The first part from one instance, the rest, from some earlier event on, from another that saw
 * everything at slightly other times and counts by a cursor of its own.
 */
export function deliverWithFailover(stream: readonly string[], seed: number): Delivered[] {
  const random = new Random(seed, 4);
  const change = random.between(1, stream.length);
  const resume = random.between(0, change);
  const skewUs = random.between(-10_000_000, 10_000_000);
  const first = stream.slice(0, change).map((frame, position) => ({ position, frame }));
  const second = stream.slice(resume).map((frame, offset) => {
    const position = resume + offset;
    return { position, frame: seenElsewhere(frame, skewUs, 5000 + position) };
  });
  return cut([...first, ...second], random);
}

/** Batch sizes of every kind: single events, a few, all at once; random up to a maximum, or fixed. */
function cut(frames: readonly Omit<Delivered, "endsBatch">[], random: Random): Delivered[] {
  const size = random.pick<() => number>([
    ...[1, 3, 10, 50].map((most) => () => random.between(1, most)),
    ...[2, 5, frames.length].map((exactly) => () => exactly),
  ]);
  let left = size();
  return frames.map((delivered, index) => {
    left -= 1;
    const endsBatch = left === 0 || index === frames.length - 1;
    if (left === 0) left = size();
    return { ...delivered, endsBatch };
  });
}

/** The frames of each batch. */
export function batchesOf(deliveries: readonly Delivered[]): string[][] {
  const batches: string[][] = [];
  let batch: string[] = [];
  for (const { frame, endsBatch } of deliveries) {
    batch.push(frame);
    if (!endsBatch) continue;
    batches.push(batch);
    batch = [];
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

/** The stream that a delivery is one of: each event once, in order, as it first came. */
export function plainStream(deliveries: readonly Delivered[]): string[] {
  const frames = new Map<number, string>();
  for (const { position, frame } of deliveries) {
    if (!frames.has(position)) frames.set(position, frame);
  }
  return [...frames].sort(([one], [two]) => one - two).map(([, frame]) => frame);
}
