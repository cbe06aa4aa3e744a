/** Where reading goes on after what was taken in. */

import assert from "node:assert/strict";
import { parseEndpoint } from "../lib/client/endpoint.ts";
import { EventQueue } from "../lib/client/queue.ts";
import { Progress } from "../lib/client/progress.ts";
import { createV1Decoder } from "../lib/decoder/v1.ts";
import { type Arrival, Intake } from "../lib/indexer/intake.ts";
import { decoderOptions } from "./decoder_samples.ts";
import { FakeClock } from "./jetstream/fake_clock.ts";
import { SampleEvents } from "./sample_events.ts";

const ENDPOINT = parseEndpoint("wss://host/subscribe");

Deno.test("foreign commits move on the place where reading resumes, whether taken or skipped", () => {
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
  // What stood before them is told in order with them.
  assert.equal(queue.size, 3);
});
