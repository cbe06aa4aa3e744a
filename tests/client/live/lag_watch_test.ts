/** When an instance is so far behind, for so long, that another one should be used. */

import assert from "node:assert/strict";
import { LAG_LIMIT_MS, LagWatch } from "../../../lib/client/live/lag_watch.ts";

const NOW_MS = Date.UTC(2026, 7, 20);

/** Tells a watch of events that were so late, each at so many milliseconds. */
function judge(events: readonly (readonly [atMs: number, lagMs: number])[]): boolean[] {
  const watch = new LagWatch();
  return events.map(([atMs, lagMs]) =>
    watch.isBehind((NOW_MS + atMs - lagMs) * 1000, NOW_MS + atMs, atMs)
  );
}

Deno.test("an instance more than two minutes behind counts as behind after a minute", () => {
  assert.deepEqual(judge([[0, 120_000], [60_000, 120_000]]), [false, false]);
  const late = 120_001;
  assert.deepEqual(judge([[0, late], [59_999, late], [60_000, late]]), [false, false, true]);
});

Deno.test("an instance that gains a tenth of the elapsed time is not behind", () => {
  const late = LAG_LIMIT_MS * 3;
  assert.deepEqual(judge([[0, late], [60_000, late - 6_000]]), [false, false]);
  assert.deepEqual(judge([[0, late], [60_000, late - 5_999]]), [false, true]);
});

Deno.test("an event in time restarts the minute", () => {
  const late = LAG_LIMIT_MS + 1;
  const events = [[0, late], [30_000, 0], [40_000, late], [60_000, late], [100_000, late]] as const;
  assert.deepEqual(judge(events), [false, false, false, false, true]);
});
