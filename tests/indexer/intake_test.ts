/** Where reading resumes after the received events. */

import { encode } from "@atcute/cbor";
import assert from "node:assert/strict";
import { parseEndpoint } from "../../lib/client/endpoint.ts";
import { EventQueue } from "../../lib/client/event_queue.ts";
import { Progress } from "../../lib/client/live/progress.ts";
import { createFirehoseDecoder } from "../../lib/decoder/wire/firehose.ts";
import { createV1Decoder } from "../../lib/decoder/wire/v1.ts";
import { type Arrival, Intake } from "../../lib/indexer/intake.ts";
import { commitFrame, linkTo, SCENE } from "../support/decoder_binary_samples.ts";
import { decoderOptions } from "../support/decoder_samples.ts";
import { FakeClock } from "../support/jetstream/fake_clock.ts";
import { SampleEvents } from "../support/sample_events.ts";

const ENDPOINT = parseEndpoint("wss://host/subscribe");

Deno.test("foreign commits advance the resume position, whether taken or skipped", () => {
  using queue = new EventQueue<Arrival>({
    limits: { pauseAt: 100, resumeAt: 10, max: 200, maxBytes: 1e6 },
    pauseAlertMs: 1e6,
  });
  const decoder = createV1Decoder(decoderOptions({ wanted: ["app.subcult.*"] }));
  const events = new SampleEvents();
  const progress = new Progress({
    stored: null,
    clock: new FakeClock(events.timeUs / 1000 + 60_000),
  });
  const intake = new Intake({
    queue,
    decoderFor: () => decoder,
    now: () => 0,
    progress,
  });
  const message = (cursor: number, record: string): string => {
    const { did, time_us, ...rest } = events.put(record);
    return JSON.stringify({ did, time_us, cursor, ...rest });
  };
  const inBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const cursor = (): number | undefined => progress.point?.cursor;

  intake.take(message(1, "alice/scene/a"), ENDPOINT);
  assert.equal(cursor(), 1);
  intake.take(inBytes(message(2, "alice/app.bsky.feed.post/b")), ENDPOINT);
  intake.tick();
  assert.equal(cursor(), 2);
  const last = inBytes(message(9, "alice/app.bsky.feed.post/c"));
  intake.skipped({ count: 7, bytes: 7 * last.length, last }, ENDPOINT);
  intake.tick();
  assert.equal(cursor(), 9);
  // Events before them are delivered in order with them.
  assert.equal(queue.size, 3);

  // Skipped messages are told at the end of a read, after others that came behind them in it.
  const earlier = inBytes(message(10, "alice/app.bsky.feed.post/d"));
  const { did, time_us } = events.put("alice/scene/e");
  intake.take(JSON.stringify({ did, time_us, cursor: 11, kind: "of a later version" }), ENDPOINT);
  intake.skipped({ count: 1, bytes: earlier.length, last: earlier }, ENDPOINT);
  intake.tick();
  assert.equal(cursor(), 11);
});

/** An intake of v1 messages, and its queued arrivals. */
function taking(): {
  readonly intake: Intake;
  readonly queue: EventQueue<Arrival>;
  readonly events: SampleEvents;
  readonly kinds: () => Promise<string[]>;
} {
  const queue = new EventQueue<Arrival>({
    limits: { pauseAt: 10_000, resumeAt: 10, max: 20_000, maxBytes: 1e9 },
    pauseAlertMs: 1e6,
  });
  const decoder = createV1Decoder(decoderOptions({ wanted: ["app.subcult.*"] }));
  const events = new SampleEvents();
  const clock = new FakeClock(events.timeUs / 1000 + 600_000);
  const intake = new Intake({
    queue,
    decoderFor: () => decoder,
    now: () => 0,
    progress: new Progress({ stored: null, clock }),
  });
  const kinds = async (): Promise<string[]> => {
    if (queue.size === 0) return [];
    const options = { maxItems: 10_000, maxWaitMs: 0, signal: new AbortController().signal };
    return (await queue.take(options)).map(({ event, count }) => `${event.kind} ${count}`);
  };
  return { intake, queue, events, kinds };
}

Deno.test("an account event waits for a commit, an undecodable message, or the next tick", async () => {
  const { intake, events, kinds } = taking();
  const marker = (): void => {
    intake.take(JSON.stringify(events.account("alice", false)), ENDPOINT);
  };
  marker();
  assert.deepEqual(await kinds(), []);
  intake.take(JSON.stringify(events.put("alice/scene/a")), ENDPOINT);
  assert.deepEqual(await kinds(), ["account 1", "commit 1"]);
  marker();
  intake.take("{", ENDPOINT);
  assert.deepEqual(await kinds(), ["account 1", "malformed 1"]);
  marker();
  intake.tick();
  assert.deepEqual(await kinds(), ["account 1"]);
});

Deno.test("at most 500 account events wait for a tick", async () => {
  const { intake, events, kinds } = taking();
  for (let number = 0; number < 499; number++) {
    intake.take(JSON.stringify(events.account("alice", false)), ENDPOINT);
  }
  assert.deepEqual(await kinds(), []);
  intake.take(JSON.stringify(events.account("alice", false)), ENDPOINT);
  assert.equal((await kinds()).length, 500);
});

Deno.test("foreign events are all counted, and take one place in the queue", async () => {
  const { intake, events, kinds } = taking();
  const last = new TextEncoder().encode(JSON.stringify(events.put("alice/app.bsky.feed.post/c")));
  intake.skipped({ count: 7, bytes: 7 * last.length, last }, ENDPOINT);
  intake.take(last, ENDPOINT);
  intake.tick();
  assert.deepEqual(await kinds(), ["foreign 8"]);
});

Deno.test("held events of the live stream are queued before a part of the archive", async () => {
  const { intake, events, kinds } = taking();
  intake.take(JSON.stringify(events.account("alice", false)), ENDPOINT);
  const position = { cursor: 5, timeUs: events.timeUs };
  intake.takeArchive({ events: [], bytes: 0, passed: 3, position }, ENDPOINT.source);
  assert.deepEqual(await kinds(), ["account 1", "foreign 3"]);
});

Deno.test("the queue counts the memory of each record, and a fixed size for each event", () => {
  const { intake, queue, events } = taking();
  intake.take(JSON.stringify(events.put("alice/scene/a", { name: "x".repeat(100_000) })), ENDPOINT);
  assert.ok(queue.bytes > 200_000, `${queue.bytes}`);
  const before = queue.bytes;
  intake.take("{", ENDPOINT);
  assert.ok(queue.bytes > before + 1_000 && queue.bytes < before + 2_000);
});

Deno.test("a message counts as undecodable only if all of its operations are malformed", () => {
  const { queue } = taking();
  const decoder = createFirehoseDecoder(decoderOptions());
  const clock = new FakeClock();
  const intake = new Intake({
    queue,
    decoderFor: () => decoder,
    now: () => 0,
    progress: new Progress({ stored: null, clock }),
  });
  const cid = linkTo(encode(SCENE));
  const good = { action: "create", path: "app.subcult.scene/a", cid };
  const bad = { action: "move", path: "app.subcult.scene/b", cid };
  const heard = (ops: readonly unknown[]): unknown =>
    intake.take(commitFrame({ record: SCENE, body: { ops } }), ENDPOINT);
  assert.deepEqual(heard([bad]), { undecodable: true });
  for (const ops of [[good, bad], [bad, good]]) {
    assert.equal((heard(ops) as { cursor?: number }).cursor, 7);
  }
});
