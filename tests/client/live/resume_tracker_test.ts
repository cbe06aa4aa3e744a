/** The client's knowledge of where to resume, over all its connections. */

import assert from "node:assert/strict";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { ResumeTracker } from "../../../lib/client/live/resume_tracker.ts";
import type { ResumePoint } from "../../../lib/client/live/resume_point.ts";

const NOW_US = 1_787_218_200_000_000;
const HERE = parseEndpoint("wss://one.example/subscribe");
const THERE = parseEndpoint("wss://two.example/subscribe");

function at(cursor: number, { source } = HERE): ResumePoint {
  return { cursor, timeUs: NOW_US + cursor, source };
}

Deno.test("nothing since the first connection may be missed, not only since the last", () => {
  const tracker = new ResumeTracker(() => null, null);
  assert.equal(tracker.resumeStateFor(HERE, NOW_US).liveSinceUs, null);
  tracker.connected(NOW_US + 1);
  tracker.connected(NOW_US + 2);
  assert.equal(tracker.resumeStateFor(HERE, NOW_US).liveSinceUs, NOW_US + 1);
});

Deno.test("until something is committed, reading resumes at the first event of the run", () => {
  let committed: ResumePoint | null = null;
  const tracker = new ResumeTracker(() => committed, null);
  tracker.began(at(5), HERE, NOW_US);
  tracker.began(at(9, THERE), THERE, NOW_US);
  assert.deepEqual(tracker.resumeStateFor(HERE, NOW_US).resume, at(5));
  committed = at(7);
  assert.deepEqual(tracker.resumeStateFor(HERE, NOW_US).resume, at(7));
});

Deno.test("an event in the future does not make later ones old", () => {
  const tracker = new ResumeTracker(() => null, null);
  assert.equal(tracker.isNew({ cursor: 1, timeUs: NOW_US + 86_400_000_000 }, NOW_US), true);
  assert.equal(tracker.isNew({ cursor: 2, timeUs: NOW_US }, NOW_US), false);
  assert.equal(tracker.isNew({ cursor: 3, timeUs: NOW_US + 1 }, NOW_US + 1), true);
});

Deno.test("the same event in the future again is not new, a later one is", () => {
  const tracker = new ResumeTracker(() => null, null);
  const ahead = { cursor: 1, timeUs: NOW_US + 86_400_000_000 };
  const news = [ahead, ahead, { ...ahead, timeUs: ahead.timeUs + 1 }]
    .map((position, index) => tracker.isNew(position, NOW_US + index));
  assert.deepEqual(news, [true, false, true]);
});

Deno.test("reading can resume at an event up to a minute ahead, not at a later one", () => {
  const tracker = new ResumeTracker(() => null, null);
  const minute = 60_000_000;
  tracker.began({ cursor: 1, timeUs: NOW_US + minute + 1 }, HERE, NOW_US);
  assert.equal(tracker.resumeStateFor(HERE, NOW_US).resume, null);
  tracker.began({ cursor: 2, timeUs: NOW_US + minute }, HERE, NOW_US);
  assert.equal(tracker.resumeStateFor(HERE, NOW_US).resume?.cursor, 2);
});

Deno.test("a distrusted cursor is so on its own server, until that commits a lower one", () => {
  let committed = at(100);
  const tracker = new ResumeTracker(() => committed, null);
  const isDistrusted = (endpoint = HERE): boolean =>
    tracker.resumeStateFor(endpoint, NOW_US).distrusted;
  assert.equal(tracker.distrust(THERE), false, "it is not a cursor of that server");
  assert.equal(isDistrusted(), false);
  assert.equal(tracker.distrust(HERE), true);
  assert.equal(tracker.distrust(HERE), false, "there is nothing else to begin from");
  assert.deepEqual([isDistrusted(), isDistrusted(THERE)], [true, false]);
  committed = at(200, THERE);
  assert.equal(isDistrusted(), false, "it is another server's cursor by now");
  committed = at(3);
  assert.equal(isDistrusted(), false, "it is of the new numbering");
});
