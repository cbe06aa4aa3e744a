/** How one connection is read: yielding to other tasks, and delays of our own. */

import assert from "node:assert/strict";
import { EventQueue } from "../../../lib/client/event_queue.ts";
import type { Message } from "../../../lib/client/live/message_result.ts";
import type { Position } from "../../../lib/decoder/event.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { Followed, positionOf, v1Message } from "../../support/jetstream/followed.ts";
import { ScriptedServer, sends } from "../../support/jetstream/server.ts";

const HOUR_MS = 3_600_000;

/** Empties a queue as fast as it fills. */
async function takeUntil(queue: EventQueue<Message>, signal: AbortSignal): Promise<void> {
  try {
    while (true) await queue.take({ maxItems: 1, maxWaitMs: 0, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

Deno.test("after ten milliseconds of reading timers, HTTP and signals have their turn", async () => {
  const clock = new FakeClock();
  const second = Promise.withResolvers<void>();
  const third = Promise.withResolvers<void>();
  await using server = new ScriptedServer([async (peer) => {
    await sends(v1Message(1))(peer);
    await second.promise;
    await peer.send(v1Message(2));
    await third.promise;
    await peer.send(v1Message(3));
  }]);
  await using client = new Followed([server.url()], {
    clock,
    receive: (message) => {
      clock.advance(message === v1Message(1) ? 9 : 1);
      return positionOf(message);
    },
  });
  await client.received(1);
  second.resolve();
  await client.received(2);
  await clock.whenPending(0);
  third.resolve();
  clock.advance(0);
  await client.received(3);
});

Deno.test("an endpoint does not count as behind while our own queue delays it", async () => {
  const clock = new FakeClock();
  const minutes = 5;
  await using behind = new ScriptedServer([async (peer) => {
    await peer.accept();
    for (let minute = 0; minute < minutes && !peer.isGone; minute++) {
      await peer.send(v1Message(minute, (clock.now() - HOUR_MS) * 1000));
      await peer.pingPong();
      clock.advance(60_000);
    }
  }]);
  await using other = new ScriptedServer([sends()]);
  const queue = new EventQueue<Message>({
    limits: { pauseAt: 1, resumeAt: 1, max: 1, maxBytes: 1024 * 1024 },
    pauseAlertMs: 30_000,
    clock,
  });
  await using client = new Followed([behind.url(), other.url()], {
    clock,
    flow: queue,
    receive: (message): Position | null => {
      queue.push(message, message.length);
      return positionOf(message);
    },
  });
  const end = new AbortController();
  const taking = takeUntil(queue, end.signal);
  await client.until(({ messages, endings }) => messages.length === minutes || endings.length > 0);
  end.abort();
  await taking;
  assert.deepEqual(client.codes, []);
  assert.equal(client.messages.length, minutes);
});
