import assert from "node:assert/strict";
import { EventQueue } from "../../../lib/client/event_queue.ts";
import type { Message } from "../../../lib/client/live/message_result.ts";
import { PAUSE_LIMIT_MS } from "../../../lib/client/live/stream_reader.ts";
import type { ResumePoint } from "../../../lib/client/live/resume_point.ts";
import type { Position } from "../../../lib/decoder/event.ts";
import { heldBytes } from "../../support/held_bytes.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { Followed, positionOf, v1Message } from "../../support/jetstream/followed.ts";
import { ReplayServer } from "../../support/jetstream/replay_server.ts";
import { ScriptedServer, sends } from "../../support/jetstream/server.ts";
import { encodeTextFrames, type Peer } from "../../support/jetstream/websocket_server.ts";
import { within } from "../../support/within.ts";

const LIMITS = { pauseAt: 1000, resumeAt: 100, max: 2000, maxBytes: 64 * 1024 * 1024 };

/** Loopback sockets hold 2 to 4 MB on either side before the sender blocks. */
const KERNEL_BYTES = 16 * 1024 * 1024;

interface Pauses {
  paused: number;
  resumed: number[];
}

function makeQueue(
  limits = LIMITS,
  clock = new FakeClock(),
): { queue: EventQueue<string>; pauses: Pauses } {
  const pauses: Pauses = { paused: 0, resumed: [] };
  const queue = new EventQueue<string>({
    limits,
    pauseAlertMs: 30_000,
    clock,
    observer: { paused: () => pauses.paused++, resumed: (ms) => pauses.resumed.push(ms) },
  });
  return { queue, pauses };
}

function receiveInto(queue: EventQueue<string>): (message: Message) => Position | null {
  return (message) => {
    queue.push(String(message), message.length);
    return positionOf(message);
  };
}

function takeAll(queue: EventQueue<string>, maxItems = 5000): Promise<string[]> {
  return queue.take({ maxItems, maxWaitMs: 0, signal: new AbortController().signal });
}

Deno.test("CL-11 CL-13 CL-14 a slow consumer slows the server down, and nothing is lost", async () => {
  const rounds = 40;
  const size = 1000;
  const padding = "x".repeat(500);
  let sender: Peer | undefined;
  await using server = new ScriptedServer([async (peer) => {
    sender = peer;
    await peer.accept();
    for (let round = 0; round < rounds && !peer.isGone; round++) {
      const seqs = Array.from({ length: size }, (_, index) => round * size + index + 1);
      await peer.raw(encodeTextFrames(seqs.map((seq) => `${v1Message(seq)}${padding}`)));
    }
  }]);
  const { queue, pauses } = makeQueue();
  let bytes = 0;
  let received = 0;
  let lead = 0;
  await using client = new Followed([server.url()], {
    flow: queue,
    receive: (message) => {
      queue.push(String(message), message.length);
      bytes += message.length + 4;
      received++;
      return null;
    },
  });
  const out: string[] = [];
  while (out.length < rounds * size) {
    const taken = await queue.take({
      maxItems: 100,
      maxWaitMs: 0,
      signal: new AbortController().signal,
    });
    out.push(...taken);
    assert.ok(queue.size <= LIMITS.pauseAt + 1, `queue of ${queue.size}`);
    lead = Math.max(lead, (sender?.bytesSent ?? 0) - bytes);
    // A consumer that is slower than the socket.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.equal(received, rounds * size);
  out.forEach((message, index) => assert.ok(message.startsWith(v1Message(index + 1))));
  assert.ok(pauses.paused > 0);
  assert.equal(pauses.resumed.length, pauses.paused);
  assert.ok(lead < KERNEL_BYTES, `the server was ${lead} bytes ahead of ${bytes}`);
  assert.equal(client.connections.length, 1);
});

Deno.test("a server is blocked while nothing is taken, and memory stays flat", async () => {
  const total = 200 * 1024 * 1024;
  const block = encodeTextFrames(Array.from({ length: 500 }, (_, seq) => v1Message(seq + 1)));
  let sender: Peer | undefined;
  const started = Promise.withResolvers<void>();
  await using server = new ScriptedServer([async (peer) => {
    sender = peer;
    await peer.accept();
    started.resolve();
    while (!peer.isGone && peer.bytesSent < total) await peer.raw(block);
  }]);
  // The clock stands still, so the pause never becomes too long.
  const clock = new FakeClock();
  const { queue } = makeQueue(LIMITS, clock);
  await using client = new Followed([server.url()], {
    clock,
    flow: queue,
    receive: receiveInto(queue),
  });
  await within(started.promise, "the first connection");
  await client.received(LIMITS.pauseAt + 1);
  const held = heldBytes();
  // Lets the sender fill all buffers: until it makes no progress for a while.
  let sent = -1;
  while (sender !== undefined && sender.bytesSent !== sent) {
    sent = sender.bytesSent;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(sent < KERNEL_BYTES, `the server could send ${sent} bytes`);
  assert.equal(client.messages.length, LIMITS.pauseAt + 1);
  assert.equal(queue.size, LIMITS.pauseAt + 1);
  assert.ok(heldBytes() - held < 64 * 1024 * 1024);
});

Deno.test("reading stops directly after the message that fills the queue", async () => {
  const messages = Array.from({ length: 20 }, (_, seq) => v1Message(seq + 1));
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept({}, encodeTextFrames(messages));
  }]);
  const { queue } = makeQueue({ ...LIMITS, pauseAt: 4, resumeAt: 2, max: 8 });
  await using client = new Followed([server.url()], { flow: queue, receive: receiveInto(queue) });
  await client.received(5);
  assert.equal(queue.size, 5);
  const out: string[] = [];
  while (out.length < messages.length) out.push(...await takeAll(queue, 3));
  assert.deepEqual(out, messages);
  assert.equal(client.connections.length, 1);
});

Deno.test("a short pause keeps the connection", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([
    sends(...Array.from({ length: 8 }, (_, seq) => v1Message(seq + 1))),
  ]);
  const { queue, pauses } = makeQueue({ ...LIMITS, pauseAt: 4, resumeAt: 1, max: 8 }, clock);
  await using client = new Followed([server.url()], {
    clock,
    flow: queue,
    receive: receiveInto(queue),
  });
  await clock.whenPending(PAUSE_LIMIT_MS);
  clock.advance(PAUSE_LIMIT_MS - 1);
  await takeAll(queue);
  await client.received(8);
  assert.deepEqual(client.connections.length, 1);
  assert.deepEqual(pauses.resumed, [PAUSE_LIMIT_MS - 1]);
});

Deno.test("T4 a long pause closes the socket on purpose, and reading resumes without loss", async () => {
  const clock = new FakeClock();
  await using server = new ReplayServer({ pingMs: 0 });
  server.push(...Array.from({ length: 20 }, (_, index) => ({
    did: "did:plc:a",
    time_us: clock.now() * 1000 - 1_000_000 + index,
    kind: "identity" as const,
    identity: {},
  })));
  const { queue, pauses } = makeQueue({ ...LIMITS, pauseAt: 4, resumeAt: 1, max: 8 }, clock);
  let committed: ResumePoint | null = null;
  await using client = new Followed([server.url], {
    clock,
    flow: queue,
    startCursor: "1",
    resumePoint: () => committed,
    receive: receiveInto(queue),
  });
  const source = new URL(server.url).host + "/subscribe";
  const seen = new Set<number>();
  while (seen.size < 20) {
    await client.until(() => queue.paused || queue.size > 0);
    if (queue.paused) {
      await clock.whenPending(PAUSE_LIMIT_MS);
      const before = client.connections.length;
      clock.advance(PAUSE_LIMIT_MS);
      await client.until(() => client.endings.length === before);
      // As long as it pauses it does not come back.
      clock.advance(60_000);
      assert.equal(client.connections.length, before);
    }
    for (const message of await takeAll(queue)) {
      const position = positionOf(message);
      if (position !== null) {
        seen.add(position.cursor);
        committed = { ...position, source };
      }
    }
  }
  assert.deepEqual([...seen], Array.from({ length: 20 }, (_, index) => index + 1));
  assert.ok(client.endings.length >= 2);
  assert.ok(client.endings.every(({ kind }) => kind === "paused"));
  assert.deepEqual(client.failures, []);
  assert.ok(pauses.resumed.every((ms) => ms >= PAUSE_LIMIT_MS + 60_000));
});

Deno.test("it stops at once during a pause, with the socket open and after", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([sends(v1Message(1), v1Message(2), v1Message(3))]);
  for (const pauseMs of [0, PAUSE_LIMIT_MS]) {
    const { queue } = makeQueue({ ...LIMITS, pauseAt: 1, resumeAt: 1, max: 2 }, clock);
    const client = new Followed([server.url()], {
      clock,
      flow: queue,
      receive: receiveInto(queue),
    });
    await clock.whenPending(PAUSE_LIMIT_MS);
    clock.advance(pauseMs);
    if (pauseMs > 0) await client.until(() => client.endings.length === 1);
    client.abort();
    await client.done;
    queue[Symbol.dispose]();
  }
  assert.deepEqual(clock.pending, []);
});

Deno.test("no connection is opened while the queue is full", async () => {
  await using server = new ScriptedServer([sends(v1Message(1))]);
  const { queue } = makeQueue({ ...LIMITS, pauseAt: 1, resumeAt: 1, max: 2 });
  queue.push("a", 1);
  queue.push("b", 1);
  await using client = new Followed([server.url()], { flow: queue, receive: receiveInto(queue) });
  assert.equal(server.peers.length, 0);
  await takeAll(queue);
  await client.received(1);
});

Deno.test("a message above the size limit is skipped and reported", async () => {
  await using server = new ScriptedServer([
    sends(v1Message(1), "x".repeat(33 * 1024 * 1024), v1Message(2)),
  ]);
  await using client = new Followed([server.url()]);
  await client.received(2);
  assert.deepEqual(client.seqs, [1, 2]);
  assert.deepEqual(client.codes, ["message_too_large"]);
});

Deno.test("a record of 5 MB is delivered like any other", async () => {
  const large = JSON.stringify({ time_us: 5, text: "x".repeat(5 * 1024 * 1024) });
  await using server = new ScriptedServer([sends(large, v1Message(2))]);
  await using client = new Followed([server.url()]);
  await client.received(2);
  assert.equal(client.messages[0], large);
});

Deno.test("messages skipped in the buffer are counted, and the first message is checked before any is skipped", async () => {
  const count = 3000;
  const seqs = Array.from({ length: count }, (_, index) => index + 1);
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept();
    await peer.raw(encodeTextFrames(seqs.map((seq) => v1Message(seq))));
  }]);
  const isOdd = (text: string): boolean => JSON.parse(text).cursor % 2 === 1;
  const decoder = new TextDecoder();
  const all = Promise.withResolvers<void>();
  let skipped = 0;
  let last = 0;
  await using client = new Followed([server.url()], {
    skipping: {
      prefilterFor: () => (bytes, start, end) => isOdd(decoder.decode(bytes.subarray(start, end))),
      skipped: (read) => {
        skipped += read.count;
        const position = positionOf(decoder.decode(read.last));
        last = position?.cursor ?? 0;
        if (last === count - 1) all.resolve();
        return position;
      },
    },
  });
  // The first one is unusual, and was handled nevertheless.
  await Promise.race([all.promise, client.done]);
  assert.equal(skipped, count / 2 - 1);
  assert.equal(last, count - 1);
  assert.deepEqual(client.seqs, seqs.filter((seq) => seq === 1 || seq % 2 === 0));
});
