import assert from "node:assert/strict";
import { parseEndpoint } from "../lib/client/endpoint.ts";
import { LAG_LIMIT_MS, LagWatch } from "../lib/client/lag.ts";
import { checkReplay } from "../lib/client/replay_check.ts";
import {
  chooseStart,
  type Expectation,
  type Origin,
  RESUME_MARGIN_US,
  type ResumePoint,
} from "../lib/client/resume.ts";

const V1 = parseEndpoint("wss://one.example/subscribe");
const V2 = parseEndpoint("wss://two.example/xrpc/network.bsky.jetstream.subscribeEvents");
const FIREHOSE = parseEndpoint("wss://relay.example/xrpc/com.atproto.sync.subscribeRepos");

const NOW_US = 1_787_220_000_000_000;
const TIME_US = NOW_US - 3_600_000_000;
const STORED: ResumePoint = { cursor: 90_211_733, timeUs: TIME_US, source: V1.source };

function origin(part: Partial<Origin> = {}): Origin {
  return { resume: null, distrusted: false, startCursor: null, liveSinceUs: null, ...part };
}

Deno.test("a cursor goes back to its own instance as it is", () => {
  const start = chooseStart(V1, origin({ resume: STORED }), NOW_US);
  assert.equal(start.cursor, "90211733");
  assert.equal(start.notice, null);
});

Deno.test("T1 a sequence number is never carried to another instance: the time is, with a margin", () => {
  const start = chooseStart(V2, origin({ resume: STORED }), NOW_US);
  assert.equal(start.cursor, String(TIME_US - RESUME_MARGIN_US));
  assert.deepEqual(start.expectation, { kind: "time", timeUs: TIME_US - RESUME_MARGIN_US });
});

Deno.test("T6 a server that numbers by time gets its own time back", () => {
  const resume = { cursor: TIME_US, timeUs: TIME_US, source: V1.source };
  assert.equal(chooseStart(V1, origin({ resume }), NOW_US).cursor, String(TIME_US));
});

Deno.test("the firehose is asked one number earlier: a message may be only partly done with", () => {
  const resume = { ...STORED, source: FIREHOSE.source };
  assert.equal(chooseStart(FIREHOSE, origin({ resume }), NOW_US).cursor, "90211732");
  const first = { ...resume, cursor: 0 };
  assert.equal(chooseStart(FIREHOSE, origin({ resume: first }), NOW_US).cursor, "0");
});

Deno.test("the firehose takes no time, so after another instance it starts live, and that is said", () => {
  const start = chooseStart(FIREHOSE, origin({ resume: STORED }), NOW_US);
  assert.equal(start.cursor, null);
  assert.equal(start.notice?.code, "no_time_cursor");
});

Deno.test("a start cursor is sent as it is, and only while nothing is stored", () => {
  for (const startCursor of ["0", "1234567890", "1787218201004512", "007"]) {
    assert.equal(chooseStart(V1, origin({ startCursor }), NOW_US).cursor, startCursor);
  }
  const both = origin({ startCursor: "5", resume: STORED });
  assert.equal(chooseStart(V1, both, NOW_US).cursor, "90211733");
});

Deno.test("with nothing known it starts live, and from then on misses nothing", () => {
  assert.equal(chooseStart(V1, origin(), NOW_US).cursor, null);
  const cursor = Number(chooseStart(V1, origin({ liveSinceUs: TIME_US }), NOW_US).cursor);
  assert.ok(cursor < TIME_US && cursor >= TIME_US - 60_000_000);
});

Deno.test("a cursor that is known not to work is replaced by its time", () => {
  const start = chooseStart(V1, origin({ resume: STORED, distrusted: true }), NOW_US);
  assert.equal(start.cursor, String(TIME_US - RESUME_MARGIN_US));
});

Deno.test("a time before any real one does not turn into a sequence number", () => {
  const resume = { ...STORED, timeUs: 0 };
  assert.equal(chooseStart(V2, origin({ resume }), NOW_US).cursor, "1000000000000000");
});

Deno.test("a cursor in the future is noticed before it is sent", () => {
  const cursor = NOW_US + 3_600_000_000;
  const resume = { cursor, timeUs: cursor, source: V1.source };
  assert.equal(chooseStart(V1, origin({ resume }), NOW_US).notice?.code, "cursor_in_future");
  const startCursor = String(cursor);
  assert.equal(chooseStart(V1, origin({ startCursor }), NOW_US).notice?.code, "cursor_in_future");
  const close = { cursor: NOW_US + 1_000_000, timeUs: NOW_US, source: V1.source };
  assert.equal(chooseStart(V1, origin({ resume: close }), NOW_US).notice, null);
});

const ASKED: Expectation = { kind: "cursor", cursor: STORED.cursor, timeUs: TIME_US };

function verdict(
  expectation: Expectation,
  cursor: number,
  timeUs: number,
  byAccount = false,
): { code: string; useless: boolean } | null {
  const fault = checkReplay(expectation, { cursor, timeUs }, byAccount);
  return fault === null ? null : { code: fault.notice.code, useless: fault.useless };
}

Deno.test("the event at the cursor comes again: however old, all is well", () => {
  assert.equal(verdict(ASKED, STORED.cursor, TIME_US), null);
  assert.equal(verdict(ASKED, STORED.cursor, NOW_US), null);
});

Deno.test("the next event may come first, when that at the cursor was compacted away", () => {
  assert.equal(verdict(ASKED, STORED.cursor + 40, TIME_US + 1_000_000), null);
});

Deno.test("T1 a first event below the cursor means that the server went live", () => {
  assert.deepEqual(verdict(ASKED, 17, NOW_US), { code: "went_live", useless: true });
});

Deno.test("T13 a first event long after the cursor means that the cursor was ignored", () => {
  const late = { code: "replay_starts_late", useless: false };
  assert.deepEqual(verdict(ASKED, STORED.cursor + 5_000_000, NOW_US), late);
  assert.deepEqual(verdict({ kind: "time", timeUs: TIME_US }, 1, NOW_US), late);
});

Deno.test("T6 a sequence number that is answered by times is noticed", () => {
  const expected = { code: "numbering_changed", useless: false };
  assert.deepEqual(verdict(ASKED, TIME_US, TIME_US), expected);
});

Deno.test("T5 a replay may begin earlier than the time that was asked for", () => {
  assert.equal(verdict({ kind: "time", timeUs: TIME_US }, 1, TIME_US - 900_000_000), null);
});

Deno.test("silence on a stream of chosen accounts proves nothing", () => {
  assert.equal(verdict({ kind: "time", timeUs: TIME_US }, 1, NOW_US, true), null);
});

Deno.test("a start cursor has no time, so only a number below it shows", () => {
  const asked: Expectation = { kind: "cursor", cursor: 500, timeUs: null };
  assert.equal(verdict(asked, 501, NOW_US), null);
  assert.equal(verdict(asked, 499, NOW_US)?.code, "went_live");
});

Deno.test("an instance whose events stay old is behind, one that replays is not", () => {
  const behindMs = LAG_LIMIT_MS * 3;
  const judge = (rate: number): boolean => {
    const lag = new LagWatch();
    let eventMs = NOW_US / 1000 - behindMs;
    let found = false;
    for (let ms = 0; ms <= 180_000; ms += 1000) {
      found ||= lag.isBehind(eventMs * 1000, NOW_US / 1000 + ms, ms);
      eventMs += 1000 * rate;
    }
    return found;
  };
  assert.equal(judge(1), true);
  assert.equal(judge(0.5), true);
  assert.equal(judge(1.5), false);
  assert.equal(judge(100), false);
});

Deno.test("an instance is judged after a minute of old events, and not before", () => {
  const lag = new LagWatch();
  const eventUs = NOW_US - 2 * LAG_LIMIT_MS * 1000;
  for (const ms of [0, 1000, 59_999]) {
    assert.equal(lag.isBehind(eventUs, NOW_US / 1000 + ms, ms), false);
  }
  assert.equal(lag.isBehind(eventUs, NOW_US / 1000 + 60_000, 60_000), true);
});

Deno.test("an event that is not old ends the suspicion", () => {
  const lag = new LagWatch();
  const oldUs = NOW_US - 2 * LAG_LIMIT_MS * 1000;
  assert.equal(lag.isBehind(oldUs, NOW_US / 1000, 0), false);
  assert.equal(lag.isBehind(NOW_US - LAG_LIMIT_MS * 1000, NOW_US / 1000, 1), false);
  assert.equal(lag.isBehind(oldUs, NOW_US / 1000, 60_000), false);
});

Deno.test("the way back in time covers an instance that was left for being behind", () => {
  assert.ok(2 * LAG_LIMIT_MS * 1000 <= RESUME_MARGIN_US);
});

Deno.test("an instance is not judged over a time when we held it up", () => {
  const lag = new LagWatch();
  for (let ms = 0; ms <= 600_000; ms += 30_000) {
    assert.equal(lag.isBehind(NOW_US - 3_600_000_000, NOW_US / 1000 + ms, ms), false);
    lag.reset();
  }
});
