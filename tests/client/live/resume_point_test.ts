import assert from "node:assert/strict";
import type { Position } from "../../../lib/decoder/event.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { EVENTS_MAY_BE_MISSING } from "../../../lib/client/live/stream_observer.ts";
import { LAG_LIMIT_MS, LagWatch } from "../../../lib/client/live/lag_watch.ts";
import { checkReplay, type ReplayContext } from "../../../lib/client/live/replay_check.ts";
import {
  chooseStart,
  type Expectation,
  type Origin,
  RESUME_MARGIN_US,
  type ResumePoint,
  TIME_CURSOR_FROM,
} from "../../../lib/client/live/resume_point.ts";

const V1 = parseEndpoint("wss://one.example/subscribe");
const V2 = parseEndpoint("wss://two.example/xrpc/network.bsky.jetstream.subscribeEvents");
const FIREHOSE = parseEndpoint("wss://relay.example/xrpc/com.atproto.sync.subscribeRepos");

const NOW_US = 1_787_220_000_000_000;
const TIME_US = NOW_US - 3_600_000_000;
const STORED: ResumePoint = { cursor: 90_211_733, timeUs: TIME_US, source: V1.source };

function origin(part: Partial<Origin> = {}): Origin {
  return { resume: null, distrusted: false, startCursor: null, liveSinceUs: null, ...part };
}

Deno.test("a cursor is sent unchanged to its own instance", () => {
  const start = chooseStart(V1, origin({ resume: STORED }), NOW_US);
  assert.equal(start.cursor, "90211733");
  assert.equal(start.notice, null);
});

Deno.test("T1 a sequence number is never sent to another instance: the time is, with a margin", () => {
  const start = chooseStart(V2, origin({ resume: STORED }), NOW_US);
  assert.equal(start.cursor, String(TIME_US - RESUME_MARGIN_US));
  const timeUs = TIME_US - RESUME_MARGIN_US;
  assert.deepEqual(start.expectation, { kind: "time", timeUs, lostAfterUs: TIME_US });
});

Deno.test("T6 a server that numbers by time gets a cursor some seconds earlier: it keeps no order", () => {
  const resume = { cursor: TIME_US, timeUs: TIME_US, source: V1.source, mark: `${TIME_US} did x` };
  const asked = TIME_US - Number(chooseStart(V1, origin({ resume }), NOW_US).cursor);
  assert.equal(asked, 10_000_000);
});

Deno.test("a time by our own clock, from before any event, is requested with the margin of minutes", () => {
  const resume = { cursor: TIME_US, timeUs: TIME_US, source: V2.source };
  const { cursor, notice } = chooseStart(V2, origin({ resume }), NOW_US);
  assert.deepEqual([cursor, notice], [String(TIME_US - RESUME_MARGIN_US), null]);
});

Deno.test("the firehose gets a cursor one number lower: a message may be only partly committed", () => {
  const resume = { ...STORED, source: FIREHOSE.source };
  assert.equal(chooseStart(FIREHOSE, origin({ resume }), NOW_US).cursor, "90211732");
  const first = { ...resume, cursor: 0 };
  assert.equal(chooseStart(FIREHOSE, origin({ resume: first }), NOW_US).cursor, "0");
});

Deno.test("the firehose accepts no time, so after another instance it starts live, and that is reported", () => {
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

Deno.test("without any position it starts live, and misses nothing afterwards", () => {
  assert.equal(chooseStart(V1, origin(), NOW_US).cursor, null);
  const cursor = Number(chooseStart(V1, origin({ liveSinceUs: TIME_US }), NOW_US).cursor);
  assert.equal(cursor, TIME_US - 10_000_000);
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
  const cursor = NOW_US + 20 * 3_600_000_000;
  const resume = { cursor, timeUs: cursor, source: V1.source };
  const start = chooseStart(V1, origin({ resume }), NOW_US);
  assert.equal(start.notice?.code, "cursor_in_future");
  assert.equal(start.cursor, String(NOW_US - RESUME_MARGIN_US), "the newest time there can be");
  const startCursor = String(cursor);
  assert.equal(chooseStart(V1, origin({ startCursor }), NOW_US).notice?.code, "cursor_in_future");
  const close = { cursor: NOW_US + 1_000_000, timeUs: NOW_US, source: V1.source };
  assert.equal(chooseStart(V1, origin({ resume: close }), NOW_US).notice, null);
});

const MARK = `${TIME_US} did:plc:alice 3mwztfqk2ws2a`;
const ASKED: Expectation = { kind: "cursor", cursor: STORED.cursor, timeUs: TIME_US, mark: MARK };
/** As before marks were kept. */
const UNMARKED: Expectation = { kind: "cursor", cursor: STORED.cursor, timeUs: TIME_US };
const BY_TIME: Expectation = { kind: "time", timeUs: TIME_US, lostAfterUs: TIME_US };

function verdict(
  expectation: Expectation,
  first: Position,
  context: Partial<ReplayContext> = {},
): { code: string; useless: boolean } | null {
  const fault = checkReplay(expectation, first, {
    protocol: "v1",
    byAccount: false,
    nowUs: NOW_US,
    ...context,
  });
  return fault === null ? null : { code: fault.notice.code, useless: fault.useless };
}

/** An event of that number, so many seconds after that at the cursor. */
function event(cursor: number, seconds: number, who = "did:plc:alice 3mwztfqk2ws2a"): Position {
  const timeUs = TIME_US + seconds * 1_000_000;
  return { cursor, timeUs, mark: `${timeUs} ${who}` };
}

Deno.test("a replay that begins with the event at the cursor is correct, however old that is", () => {
  assert.equal(verdict(ASKED, event(STORED.cursor, 0)), null);
  assert.equal(
    verdict(ASKED, { cursor: STORED.cursor, timeUs: TIME_US, mark: String(TIME_US) }),
    null,
  );
  assert.equal(verdict(UNMARKED, event(STORED.cursor, 0)), null);
});

Deno.test("another time or another event of that number is another numbering", () => {
  const renumbered = { code: "renumbered", useless: true };
  assert.deepEqual(verdict(ASKED, event(STORED.cursor, 0.000_001)), renumbered);
  assert.deepEqual(verdict(ASKED, event(STORED.cursor, -0.000_001)), renumbered);
  assert.deepEqual(verdict(ASKED, event(STORED.cursor, 3600)), renumbered);
  assert.deepEqual(
    verdict(ASKED, event(STORED.cursor, 0, "did:plc:bob 3mwztfqk2ws2a")),
    renumbered,
  );
  assert.deepEqual(
    verdict(ASKED, event(STORED.cursor, 0, "did:plc:alice 3mwztfqk2ws2b")),
    renumbered,
  );
  assert.deepEqual(verdict(UNMARKED, event(STORED.cursor, -1)), renumbered);
  assert.deepEqual(verdict(UNMARKED, event(STORED.cursor, 3600)), renumbered);
});

Deno.test("when another event comes first, events are requested by time", () => {
  const doubted = { code: "cursor_doubted", useless: true };
  for (const seconds of [-5, 0, 1, 30, 7200]) {
    assert.deepEqual(verdict(ASKED, event(STORED.cursor + 40, seconds)), doubted);
    assert.deepEqual(
      verdict(ASKED, event(STORED.cursor + 40, seconds), { byAccount: true }),
      doubted,
    );
  }
  assert.equal(verdict(UNMARKED, event(STORED.cursor + 40, 1)), null);
  assert.deepEqual(verdict(UNMARKED, event(STORED.cursor + 40, 30)), doubted);
});

Deno.test("T1 a first event below the cursor means that the server went live", () => {
  assert.deepEqual(verdict(ASKED, event(17, 7200)), { code: "went_live", useless: true });
});

Deno.test("T13 when requested by time, a first event seconds after the stop is late", () => {
  const late = { code: "replay_starts_late", useless: false };
  for (const seconds of [10.000001, 60, 7200]) {
    assert.deepEqual(verdict(BY_TIME, event(1, seconds)), late);
  }
  for (const seconds of [-900, 0, 10]) assert.equal(verdict(BY_TIME, event(1, seconds)), null);
});

Deno.test("T6 a sequence number that is answered with times is noticed", () => {
  const expected = { code: "numbering_changed", useless: false };
  assert.deepEqual(verdict(ASKED, event(TIME_US, 0)), expected);
});

Deno.test("silence on a stream of chosen accounts proves nothing", () => {
  assert.equal(verdict(BY_TIME, event(1, 7200), { byAccount: true }), null);
});

Deno.test("a start cursor has no time: a lower number means a restart, and a later one is reported", () => {
  const asked: Expectation = { kind: "cursor", cursor: 500, timeUs: null };
  assert.equal(verdict(asked, event(500, 0)), null);
  assert.equal(verdict(asked, event(501, 0)), null);
  assert.equal(verdict(asked, event(499, 0))?.code, "went_live");
  assert.deepEqual(verdict(asked, event(502, 0)), { code: "started_later", useless: false });
  assert.equal(verdict(asked, event(502, 0), { byAccount: true }), null);
  assert.ok(!EVENTS_MAY_BE_MISSING.has("started_later"), "every filter skips numbers");
});

Deno.test("the earliest time requests everything that the server has", () => {
  const startCursor = String(TIME_CURSOR_FROM);
  const { cursor, expectation } = chooseStart(V2, origin({ startCursor }), NOW_US);
  assert.deepEqual([cursor, expectation], [startCursor, { kind: "none" }]);
});

Deno.test("a firehose that restarts its numbering is a sure gap, and one that skips numbers may be one", () => {
  const protocol = "firehose";
  const gap = { code: "went_live", useless: true };
  assert.deepEqual(verdict(ASKED, event(17, 60), { protocol }), gap);
  assert.deepEqual(verdict(ASKED, event(STORED.cursor, 60), { protocol }), gap);
  assert.equal(verdict(ASKED, event(STORED.cursor, 0), { protocol }), null);
  const skipped = { code: "started_later", useless: false };
  assert.deepEqual(verdict(ASKED, event(STORED.cursor + 3, 60), { protocol }), skipped);
  assert.equal(verdict(ASKED, event(STORED.cursor + 3, 20), { protocol, byAccount: true }), null);
  const late = { code: "replay_starts_late", useless: false };
  assert.deepEqual(verdict(ASKED, event(STORED.cursor + 9_000, 60.000001), { protocol }), late);
  const fault = checkReplay(ASKED, event(17, 60), { protocol, byAccount: false, nowUs: NOW_US });
  assert.match(
    fault?.notice.message ?? "",
    /restarted its numbering; events since 2026-.* are missing/,
  );
});

Deno.test("from a server whose clock was corrected events are requested by an earlier time", () => {
  const timeUs = NOW_US + 20 * 3_600_000_000;
  const asked: Expectation = { kind: "time", timeUs, lostAfterUs: timeUs };
  const first = { cursor: NOW_US, timeUs: NOW_US };
  assert.deepEqual(verdict(asked, first), { code: "went_live", useless: true });
  assert.equal(verdict(asked, { cursor: timeUs, timeUs }), null);
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

Deno.test("the margin of time covers an instance that was replaced because it was behind", () => {
  assert.ok(2 * LAG_LIMIT_MS * 1000 <= RESUME_MARGIN_US);
});

Deno.test("time in which we paused reading does not count against an instance", () => {
  const lag = new LagWatch();
  for (let ms = 0; ms <= 600_000; ms += 30_000) {
    assert.equal(lag.isBehind(NOW_US - 3_600_000_000, NOW_US / 1000 + ms, ms), false);
    lag.reset();
  }
});
