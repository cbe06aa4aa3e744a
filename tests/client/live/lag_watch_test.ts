/** When an instance is so far behind, and stays so, that another one should have its turn. */

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

Deno.test("two minutes are not behind, a millisecond more is, once it has lasted a minute", () => {
  assert.deepEqual(judge([[0, 120_000], [60_000, 120_000]]), [false, false]);
  const late = 120_001;
  assert.deepEqual(judge([[0, late], [59_999, late], [60_000, late]]), [false, false, true]);
});

Deno.test("who catches up by a tenth of the time that passes is not behind", () => {
  const late = LAG_LIMIT_MS * 3;
  assert.deepEqual(judge([[0, late], [60_000, late - 6_000]]), [false, false]);
  assert.deepEqual(judge([[0, late], [60_000, late - 5_999]]), [false, true]);
});

Deno.test("an event in time restarts the minute", () => {
  const late = LAG_LIMIT_MS + 1;
  const events = [[0, late], [30_000, 0], [40_000, late], [60_000, late], [100_000, late]] as const;
  assert.deepEqual(judge(events), [false, false, false, false, true]);
});
