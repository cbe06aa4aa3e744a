import assert from "node:assert/strict";
import { type AheadLimits, readAhead, type Task } from "../../../lib/client/archive/read_ahead.ts";
import { EventQueue } from "../../../lib/client/event_queue.ts";
import { DAMAGE_TRIES } from "../../../lib/client/archive/archive_client.ts";
import { ArchiveDamagedError } from "../../../lib/client/archive/archive_error.ts";
import { ArchiveServer } from "../../support/jetstream/archive_server.ts";
import { mixedArchive, replay, seqsIn, wantedSeqs } from "../../support/jetstream/replayed.ts";
import { within } from "../../support/within.ts";

interface Result {
  readonly id: number;
  readonly bytes: number;
}

/** Tasks that the test ends. */
class Bench {
  readonly started: number[] = [];
  readonly aborted: number[] = [];
  readonly ends: PromiseWithResolvers<Result>[] = [];
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(readonly sizes: readonly number[]) {
    for (const _ of sizes) this.ends.push(Promise.withResolvers<Result>());
  }

  async *tasks(): AsyncGenerator<Task<Result>> {
    for (const [id, bytes] of this.sizes.entries()) {
      await Promise.resolve();
      yield { bytes, run: (signal) => this.#run(id, signal) };
    }
  }

  end(id: number, bytes = this.sizes[id]!): void {
    this.ends[id]!.resolve({ id, bytes });
  }

  /** Resolves when `count` tasks have started. */
  begun(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.started.length >= count) resolve();
      else this.#waiters.push({ count, resolve });
    });
  }

  read(limits: AheadLimits, signal = new AbortController().signal): AsyncGenerator<Result, void> {
    return readAhead(() => this.tasks(), limits, signal);
  }

  #run(id: number, signal: AbortSignal): Promise<Result> {
    this.started.push(id);
    for (const { count, resolve } of this.#waiters) if (this.started.length >= count) resolve();
    return new Promise((resolve, reject) => {
      this.ends[id]!.promise.then(resolve, reject);
      signal.addEventListener("abort", () => {
        this.aborted.push(id);
        reject(signal.reason);
      });
    });
  }
}

/** Long enough for every task that is not delayed. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("results come in the order of the tasks, whatever order they end in", async () => {
  const bench = new Bench([1, 1, 1, 1]);
  const results = bench.read({ tasks: 4, bytes: 100 });
  const first = results.next();
  await bench.begun(4);
  for (const id of [3, 1, 2, 0]) bench.end(id);
  assert.equal((await first).value?.id, 0);
  assert.deepEqual((await Array.fromAsync(results)).map(({ id }) => id), [1, 2, 3]);
});

Deno.test("at most the limit of tasks is held, including the yielded one", async () => {
  const bench = new Bench(Array.from({ length: 9 }, () => 1));
  const results = bench.read({ tasks: 3, bytes: 100 });
  const first = results.next();
  for (let id = 0; id < 9; id++) bench.end(id);
  await first;
  await settle();
  assert.deepEqual(bench.started, [0, 1, 2]);
  await results.next();
  await settle();
  assert.deepEqual(bench.started, [0, 1, 2, 3]);
  await results.return(undefined);
});

Deno.test("at most the limit of bytes is held, except for a single larger task", async () => {
  const bench = new Bench([60, 30, 20, 500, 10]);
  const results = bench.read({ tasks: 9, bytes: 100 });
  const first = results.next();
  await settle();
  assert.deepEqual(bench.started, [0, 1]);
  for (let id = 0; id < 5; id++) bench.end(id);
  await first;
  await results.next();
  await settle();
  assert.deepEqual(bench.started, [0, 1, 2]);
  await results.next();
  await settle();
  assert.deepEqual(bench.started, [0, 1, 2]);
  assert.equal((await results.next()).value?.id, 3);
  await settle();
  assert.deepEqual(bench.started, [0, 1, 2, 3]);
  assert.equal((await results.next()).value?.id, 4);
  assert.equal((await results.next()).done, true);
});

Deno.test("the real size of a result replaces the expected size", async () => {
  const bench = new Bench([50, 50, 40, 50]);
  const results = bench.read({ tasks: 9, bytes: 100 });
  const first = results.next();
  await bench.begun(2);
  bench.end(1, 5);
  await bench.begun(3);
  assert.deepEqual(bench.started, [0, 1, 2]);
  for (const id of [0, 2, 3]) bench.end(id);
  await first;
  await results.return(undefined);
});

Deno.test("a failure is thrown at its turn, and aborts the other tasks", async () => {
  const bench = new Bench([1, 1, 1, 1]);
  const results = bench.read({ tasks: 4, bytes: 100 });
  const first = results.next();
  await bench.begun(4);
  bench.ends[1]!.reject(new Error("broken"));
  await settle();
  bench.end(0);
  assert.equal((await first).value?.id, 0);
  await assert.rejects(results.next(), /broken/);
  assert.deepEqual(bench.aborted, [0, 1, 2, 3]);
});

Deno.test("a failing list of tasks throws its error after the last task", async () => {
  async function* tasks(): AsyncGenerator<Task<Result>> {
    yield { bytes: 1, run: () => Promise.resolve({ id: 0, bytes: 1 }) };
    await Promise.resolve();
    throw new Error("no more");
  }
  const results = readAhead(tasks, { tasks: 4, bytes: 100 }, new AbortController().signal);
  assert.equal((await results.next()).value?.id, 0);
  await assert.rejects(results.next(), /no more/);
});

Deno.test("a consumer that stops, or an abort, aborts the tasks and waits for them", async () => {
  const left = new Bench([1, 1, 1]);
  const results = left.read({ tasks: 3, bytes: 100 });
  const first = results.next();
  await left.begun(3);
  left.end(0);
  await first;
  await results.return(undefined);
  assert.deepEqual(left.aborted, [0, 1, 2]);

  const cut = new Bench([1, 1, 1]);
  const controller = new AbortController();
  const next = cut.read({ tasks: 2, bytes: 100 }, controller.signal).next();
  await cut.begun(2);
  controller.abort(new Error("stop"));
  await assert.rejects(next, /stop/);
  assert.deepEqual(cut.aborted, [0, 1]);
});

Deno.test("a consumer that stops waits until the last task has ended", async () => {
  const letGo = Promise.withResolvers<never>();
  async function* tasks(): AsyncGenerator<Task<Result>> {
    yield await Promise.resolve({ bytes: 1, run: () => Promise.resolve({ id: 0, bytes: 1 }) });
    yield { bytes: 1, run: () => letGo.promise };
  }
  const results = readAhead(tasks, { tasks: 2, bytes: 100 }, new AbortController().signal);
  await results.next();
  let left = false;
  const leaving = results.return(undefined).then(() => left = true);
  await settle();
  assert.equal(left, false);
  letGo.reject(new Error("let go"));
  await leaving;
});

Deno.test("requests run in parallel, and no more of them than the limit", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 40, 5), { wholeFrom: 2 });
  const { done, chunks } = replay(server, { limits: { tasks: 5, bytes: 2 ** 30 } });
  await done;
  assert.ok(server.mostOpen > 1 && server.mostOpen <= 5, `${server.mostOpen} at the same time`);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
});

Deno.test("a full queue stops the replay, and the data downloaded meanwhile is bounded", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 40, 50), { wholeFrom: 2 });
  using queue = new EventQueue<number>({
    limits: { pauseAt: 50, resumeAt: 10, max: 100, maxBytes: 2 ** 20 },
    pauseAlertMs: 60_000,
  });
  const paused = Promise.withResolvers<void>();
  const { done, chunks } = replay(server, {
    flow: queue,
    limits: { tasks: 4, bytes: 2 ** 30 },
    deliver: ({ events }) => {
      for (const event of events) queue.push("position" in event ? event.position!.cursor : 0, 1);
      if (queue.paused) paused.resolve();
    },
  });
  await within(paused.promise, "a full queue");
  const handedOver = chunks.length;
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(chunks.length, handedOver);
  const asked = server.asked("getBlock").length;
  assert.ok(asked <= handedOver + 5, `${asked} blocks were asked for, ${handedOver} handed over`);
  const taken: number[] = [];
  const taking = (async () => {
    const signal = new AbortController().signal;
    for (;;) {
      const items = await queue.take({ maxItems: 30, maxWaitMs: 0, signal });
      if (items.length === 0) return;
      taken.push(...items);
    }
  })();
  await done;
  queue.end();
  await taking;
  assert.deepEqual(taken, wantedSeqs(server.rows));
});

Deno.test("an abort ends the replay wherever it is, with nothing left behind", async () => {
  for (const wholeFrom of [0, 2]) {
    for (let after = 0; after < 7; after++) {
      await using server = new ArchiveServer(mixedArchive(2, 3, 20), { wholeFrom });
      const reason = new Error("stopped");
      let sent = 0;
      const { done, abort, clock } = replay(server, {
        fetch: (input, init) => {
          if (sent++ === after) abort(reason);
          return fetch(input, init);
        },
      });
      await assert.rejects(done, reason);
      assert.equal(clock.guards, 0);
    }
  }
});

Deno.test("an abort ends the replay while it waits for the queue, or before a retry", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 20));
  const reason = new Error("stopped");
  const waiting = Promise.withResolvers<void>();
  const held = replay(server, {
    flow: {
      paused: true,
      whenOpen: (signal) => {
        waiting.resolve();
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      },
    },
  });
  await within(waiting.promise, "the wait for the queue");
  held.abort(reason);
  await assert.rejects(held.done, reason);
  assert.deepEqual(held.chunks, []);
});

Deno.test("a failure of the consumer of chunks ends the replay", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 3, 20));
  const { done, chunks } = replay(server, {
    deliver: () => Promise.reject(new Error("the database is gone for good")),
  });
  await assert.rejects(done, /gone for good/);
  assert.equal(chunks.length, 1);
});

Deno.test("blocks longer than usual are fetched one at a time, each at its turn", async () => {
  const rows = mixedArchive(1, 6, 10);
  await using server = new ArchiveServer(rows, { wholeFrom: 100 });
  const long = { status: 200, headers: {}, body: new Uint8Array(5 * 1024 * 1024) };
  server.fail("getBlock", () => long, Infinity);
  const { done } = replay(server);
  // They are not valid blocks, so the replay ends at the first.
  await assert.rejects(done, ArchiveDamagedError);
  const asked = Map.groupBy(
    server.requests.filter(({ url }) => url.pathname.endsWith(".getBlock")),
    ({ url }) => url.searchParams.get("blockIndex"),
  );
  const [first = [], ...others] = [...asked.values()];
  assert.equal(first.length, 2 * DAMAGE_TRIES);
  assert.ok(others.length > 0);
  for (const requests of others) assert.equal(requests.length, 1);
});
