import assert from "node:assert/strict";
import {
  replayAndFollow,
  replaysFirst,
  replayStart,
} from "../../../lib/client/archive/replay_and_follow.ts";
import { ArchiveStalledError } from "../../../lib/client/archive/archive_error.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { CursorTooOldError } from "../../../lib/client/live/stream_error.ts";
import { HurryingClock } from "../../support/jetstream/hurrying_clock.ts";

const ENDPOINT = parseEndpoint("wss://host/xrpc/network.bsky.jetstream.subscribeEvents");

/** More replays than any rule allows. An endless loop would hang the test. */
const MANY = 1_000;

function tooOld(cursor: string | null = "5"): CursorTooOldError {
  return new CursorTooOldError(ENDPOINT.source, cursor, "the floor is 90");
}

/** Runs with replays that end at these positions, and a live stream that rejects the cursor before each. */
async function cycle(
  cutovers: readonly number[],
  refusals: number,
  replayFirst = false,
): Promise<{ replays: number; follows: number; clock: HurryingClock; error: unknown }> {
  const clock = new HurryingClock();
  let replays = 0;
  let follows = 0;
  let error: unknown = null;
  try {
    await replayAndFollow({
      replayFirst,
      replay: () => Promise.resolve({ cutover: cutovers[replays++] ?? cutovers.at(-1)! }),
      follow: () => follows++ < refusals ? Promise.reject(tooOld()) : Promise.resolve(),
      clock,
      random: () => 0.5,
      signal: new AbortController().signal,
    });
  } catch (thrown) {
    error = thrown;
  }
  return { replays, follows, clock, error };
}

Deno.test("a working live stream needs no archive, unless a replay was requested", async () => {
  const live = await cycle([], 0);
  assert.deepEqual([live.replays, live.follows], [0, 1]);
  const archive = await cycle([100], 0, true);
  assert.deepEqual([archive.replays, archive.follows], [1, 1]);
});

Deno.test("with a cursor that is too old the archive is replayed, then the live stream continues", async () => {
  const { replays, follows, clock, error } = await cycle([100], 1);
  assert.equal(error, null);
  assert.deepEqual([replays, follows, clock.waits], [1, 2, []]);
});

Deno.test("any number of replays may follow each other, as long as each makes progress", async () => {
  const cutovers = Array.from({ length: 20 }, (_, i) => 100 + i);
  const { replays, error, clock } = await cycle(cutovers, 20);
  assert.equal(error, null);
  assert.deepEqual([replays, clock.waits], [20, []]);
});

Deno.test("five consecutive replays without progress are an error", async () => {
  const { replays, follows, clock, error } = await cycle([100], MANY);
  assert.ok(error instanceof ArchiveStalledError);
  assert.match(error.message, /5 replays ended at 100/);
  assert.deepEqual([replays, follows], [6, 6]);
  assert.deepEqual(clock.waits, [500, 1000, 2000, 4000]);
  const first = await cycle([100], MANY, true);
  assert.ok(first.error instanceof ArchiveStalledError);
  assert.equal(first.replays, 6);
});

Deno.test("one replay with progress resets the count", async () => {
  const { error, replays } = await cycle([100, 100, 100, 100, 100, 101, 101, 101, 101, 101], 10);
  assert.equal(error, null);
  assert.equal(replays, 10);
});

Deno.test("every other error of the live stream, and all of the archive, end it", async () => {
  const common = { replayFirst: false, signal: new AbortController().signal };
  await assert.rejects(
    replayAndFollow({
      ...common,
      replay: () => Promise.resolve({ cutover: 1 }),
      follow: () => Promise.reject(new Error("refused")),
    }),
    /refused/,
  );
  await assert.rejects(
    replayAndFollow({
      ...common,
      replay: () => Promise.reject(new Error("damaged")),
      follow: () => Promise.reject(tooOld()),
    }),
    /damaged/,
  );
});

Deno.test("a stop ends it before the next replay", async () => {
  const stop = new AbortController();
  let replays = 0;
  await assert.rejects(
    replayAndFollow({
      replayFirst: false,
      replay: () => Promise.resolve({ cutover: replays++ }),
      follow: () => {
        stop.abort(new Error("stopped"));
        return Promise.reject(tooOld());
      },
      signal: stop.signal,
    }),
    /stopped/,
  );
  assert.equal(replays, 0);
});

Deno.test("a replay begins after the processed events of the same server", () => {
  const resume = { cursor: 70, timeUs: 7, source: ENDPOINT.source };
  assert.deepEqual(replayStart(ENDPOINT, resume, tooOld("70")), { cursor: 70, timeUs: 7 });
});

Deno.test("a replay begins before the event of a rejected cursor", () => {
  assert.deepEqual(replayStart(ENDPOINT, null, tooOld("70")), { cursor: 69, timeUs: 0 });
  assert.equal(replayStart(ENDPOINT, null, tooOld("0")), null);
});

Deno.test("a replay begins at the start of the archive when no position in the server's numbering is known", () => {
  assert.equal(replayStart(ENDPOINT, null, null), null);
  const elsewhere = { cursor: 70, timeUs: 7, source: "other/subscribe" };
  assert.equal(replayStart(ENDPOINT, elsewhere, null), null);
  const byTime = { cursor: 1.7e15, timeUs: 1.7e15, source: ENDPOINT.source };
  assert.equal(replayStart(ENDPOINT, byTime, tooOld("1700000000000000")), null);
});

Deno.test("the archive is read first when that is requested, or when the cursor is older than 30 hours", () => {
  const nowUs = 1_787_218_200_000_000;
  const hours = (count: number): number => nowUs - count * 3_600_000_000;
  const at = (timeUs: number, source = ENDPOINT.source) => ({ cursor: 70, timeUs, source });
  assert.equal(replaysFirst(ENDPOINT, null, true, nowUs), true);
  assert.equal(replaysFirst(ENDPOINT, null, false, nowUs), false);
  for (const fromArchive of [true, false]) {
    assert.equal(replaysFirst(ENDPOINT, at(hours(29)), fromArchive, nowUs), false);
    assert.equal(replaysFirst(ENDPOINT, at(hours(31)), fromArchive, nowUs), true);
    assert.equal(replaysFirst(ENDPOINT, at(0), fromArchive, nowUs), true);
    assert.equal(replaysFirst(ENDPOINT, at(0, "other/subscribe"), fromArchive, nowUs), false);
    // A time is no place in the archive: it would be read from its beginning.
    const byTime = { ...at(hours(31)), cursor: hours(31) };
    assert.equal(replaysFirst(ENDPOINT, byTime, fromArchive, nowUs), false);
  }
});
