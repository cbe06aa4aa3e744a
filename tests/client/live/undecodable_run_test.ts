/** When a connection is left because it sends nothing that can be decoded: exactly at the limit. */

import assert from "node:assert/strict";
import { UndecodableRun } from "../../../lib/client/live/undecodable_run.ts";

/** How many messages of a connection come until it is left. */
function untilLeft(run: UndecodableRun): number {
  run.connected();
  let count = 1;
  while (!run.add()) count++;
  return count;
}

Deno.test("a connection is left at the hundredth undecodable message in a row, not before", () => {
  assert.equal(untilLeft(new UndecodableRun()), 100);
  const run = new UndecodableRun();
  for (let count = 0; count < 99; count++) run.add();
  assert.equal(run.isLong, false);
  run.add();
  assert.equal(run.isLong, true);
});

Deno.test("each further connection doubles the limit, up to a million, and one new message resets it", () => {
  const run = new UndecodableRun();
  const limits = Array.from({ length: 16 }, () => untilLeft(run));
  assert.deepEqual(limits.slice(0, 4), [100, 200, 400, 800]);
  assert.deepEqual(limits.slice(-3), [100 * 2 ** 13, 2 ** 20, 2 ** 20]);
  // The servers send the message at the cursor again.
  run.end();
  assert.equal(untilLeft(run), 2 ** 20);
  run.passed();
  assert.equal(untilLeft(run), 100);
});
