/** How the pipeline ends, and which position a batch has, with a writer that the test controls. */

import assert from "node:assert/strict";
import { EventQueue } from "../../lib/client/event_queue.ts";
import { parseEndpoint } from "../../lib/client/endpoint.ts";
import { Progress } from "../../lib/client/live/progress.ts";
import { createV1Decoder } from "../../lib/decoder/wire/v1.ts";
import { type Arrival, Intake } from "../../lib/indexer/intake.ts";
import { PartitionQueues } from "../../lib/indexer/partition_queues.ts";
import { DrainError, runPipeline } from "../../lib/indexer/pipeline.ts";
import type { Batch, BatchResult } from "../../lib/repository/fold/batch.ts";
import { decoderOptions } from "../support/decoder_samples.ts";
import { FakeClock } from "../support/jetstream/fake_clock.ts";
import { SampleEvents } from "../support/sample_events.ts";
import { until, within } from "../support/within.ts";

const ENDPOINT = parseEndpoint("wss://host/subscribe");
const DRAIN_MS = 25_000;

type Write = (batch: Batch, signal: AbortSignal) => Promise<BatchResult>;

class Run {
  readonly events = new SampleEvents();
  readonly clock = new FakeClock(this.events.timeUs / 1000 + 600_000);
  readonly batches: Batch[] = [];
  readonly stop = new AbortController();
  readonly #queue = new EventQueue<Arrival>({
    limits: { pauseAt: 100, resumeAt: 10, max: 200, maxBytes: 1e9 },
    pauseAlertMs: 1e6,
    clock: this.clock,
  });
  readonly queues = new PartitionQueues([{
    lease: { consumer: "c", partition: 0, holder: "h", epoch: 1, ms: 8_000 },
    share: { partition: 0, of: 1 },
    events: this.#queue,
  }]);
  readonly intake: Intake;
  readonly done: Promise<void>;

  /** Ends the reading with an error of the stream. */
  readonly streamFailed = Promise.withResolvers<never>();

  constructor(write: Write = () => Promise.resolve({ outcomes: [], reasons: [], rowsWritten: 0 })) {
    const decoder = createV1Decoder(decoderOptions({ wanted: ["app.subcult.*"] }));
    this.intake = new Intake({
      queue: this.queues,
      decoderFor: () => decoder,
      now: () => this.clock.monotonic(),
      progress: new Progress({ stored: null, clock: this.clock }),
    });
    const running = runPipeline({
      queues: this.queues,
      intake: this.intake,
      follow: (signal) =>
        new Promise((resolve, reject) => {
          this.streamFailed.promise.catch(reject);
          signal.addEventListener("abort", () => {
            if (this.stop.signal.aborted) resolve();
            else reject(signal.reason);
          }, { once: true });
        }),
      write: (batch, signal) => {
        this.batches.push(batch);
        return write(batch, signal);
      },
      readMail: () => Promise.resolve(),
      pollMail: () => Promise.resolve(),
      retryDeadLetters: () => Promise.resolve(),
      batch: { maxEvents: 10, maxBytes: 1e9, maxWaitMs: 0 },
      committed: () => {},
      clock: this.clock,
      drainMs: DRAIN_MS,
    }, this.stop.signal);
    this.done = within(running, "the end of the pipeline");
    this.done.catch(() => {});
  }

  take(event: ReturnType<SampleEvents["put"]>): void {
    this.intake.take(JSON.stringify(event), ENDPOINT);
  }
}

/** The same event of a collection that is not wanted. */
function foreign(event: ReturnType<SampleEvents["put"]>): ReturnType<SampleEvents["put"]> {
  return { ...event, commit: { ...event.commit!, collection: "app.bsky.feed.post" } };
}

Deno.test("everything that was read before a stop is written, including held events", async () => {
  const run = new Run();
  run.take(run.events.account("alice", false));
  run.stop.abort();
  await run.done;
  assert.deepEqual(run.batches.flatMap(({ events }) => events.map(({ kind }) => kind)), [
    "account",
  ]);
});

Deno.test("a permanent failure of the writer ends the reading with its error", async () => {
  const run = new Run(() => Promise.reject(new Error("for good")));
  run.take(run.events.put("alice/scene/s"));
  await assert.rejects(run.done, /for good/);
});

Deno.test("a stop waits for the database up to its limit, and says how many events are left", async () => {
  const run = new Run((_batch, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    })
  );
  // The first batch is under way, one event waits, and the foreign ones are queued as one.
  for (let index = 0; index < 11; index++) run.take(run.events.put(`alice/scene/s${index}`));
  for (let index = 0; index < 7; index++) run.take(foreign(run.events.put("alice/scene/s")));
  await until(() => run.batches.length === 1, "the first batch", { everyMs: 1 });
  run.stop.abort();
  await run.clock.whenPending(DRAIN_MS);
  run.clock.advance(DRAIN_MS - 1);
  run.clock.advance(1);
  await assert.rejects(run.done, new DrainError(11 + 7));
});

Deno.test("a stream that failed for good is the error, also when its last events could not be written", async () => {
  const run = new Run((_batch, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    })
  );
  run.take(run.events.put("alice/scene/s"));
  run.streamFailed.reject(new Error("every server refuses"));
  await run.clock.whenPending(DRAIN_MS);
  run.clock.advance(DRAIN_MS);
  await assert.rejects(run.done, /every server refuses/);
});

Deno.test("a batch of events without positions has the position of the previous batch", async () => {
  const run = new Run();
  run.take(run.events.put("alice/scene/s"));
  await until(() => run.batches.length === 1, "the first batch", { everyMs: 1 });
  run.intake.take('{"broken', ENDPOINT);
  await until(() => run.batches.length === 2, "the second batch", { everyMs: 1 });
  const [first, second] = run.batches;
  assert.notEqual(first?.cursor, null);
  assert.deepEqual(second?.cursor, first?.cursor);
  run.stop.abort();
  await run.done;
});
