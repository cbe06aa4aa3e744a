/** Streams of the property tests that once ended differently, each with the batches in which it did. */

import { assertFolded, numberedStream } from "../support/crash/stream.ts";
import { databaseTest } from "../support/database.ts";
import { Folded } from "../support/folded.ts";

interface Found {
  readonly seed: number;
  readonly length: number;
  /** Events of the first batch, and of all others. */
  readonly batches: readonly [first: number, others: number];
  readonly rule: string;
}

const FOUND: readonly Found[] = [
  {
    seed: 987281138,
    length: 240,
    batches: [1, 10],
    rule: "a request that stays in the working set is judged by what it refers to, which stays too",
  },
  {
    seed: 992151045,
    length: 240,
    batches: [220, 20],
    rule: "a decision that stays in the working set is judged by the requests that it answers",
  },
];

for (const { seed, length, batches: [first, others], rule } of FOUND) {
  databaseTest(`${rule} (seed ${seed})`, async (database) => {
    const folded = new Folded(database);
    const frames = numberedStream(seed, length);
    await folded.batch(...frames.slice(0, first));
    for (let at = first; at < frames.length; at += others) {
      await folded.batch(...frames.slice(at, at + others));
    }
    await assertFolded(database.sql, frames);
  });
}
