import assert from "node:assert/strict";
import { EventQueue } from "../../lib/client/event_queue.ts";
import type { ResumePoint } from "../../lib/client/live/resume_point.ts";
import { Followed, positionOf } from "../support/jetstream/followed.ts";
import { type JetstreamEvent, ReplayServer } from "../support/jetstream/replay_server.ts";
import { seededRandom } from "../support/seeded_random.ts";

const EVENTS = 3000;
const SEED = Number(Deno.env.get("TEST_SEED") ?? 20260820);

function event(id: number): JetstreamEvent {
  return {
    did: `did:plc:${id}`,
    kind: "commit",
    commit: {
      rev: `3k${id}`,
      operation: "create",
      collection: "app.subcult.scene",
      rkey: `r${id}`,
      record: { name: "x".repeat(id % 700) },
    },
  };
}

Deno.test(`with connections dropped at any time, on either server, every event arrives (seed ${SEED})`, async () => {
  await using first = new ReplayServer({ firstSeq: 1 });
  // The other instance has the same events under other numbers.
  await using second = new ReplayServer({ firstSeq: 50_000 });
  using queue = new EventQueue<{ did: string; at: ResumePoint }>({
    limits: { pauseAt: 100, resumeAt: 10, max: 200, maxBytes: 1 << 20 },
    pauseAlertMs: 30_000,
  });
  let committed: ResumePoint | null = null;
  await using client = new Followed([first.url, second.url], {
    startCursor: "1",
    flow: queue,
    resumePoint: () => committed,
    peek: positionOf,
    receive: (message, { source }) => {
      const position = positionOf(message);
      if (position === null) return null;
      const at = { ...position, source };
      queue.push({ did: JSON.parse(String(message)).did, at }, message.length);
      return position;
    },
  });
  // The one fault that must happen: the first server disappears, and the other replaces it.
  push(first, second, 1, 40);
  await client.received(10);
  first.unavailable = true;
  first.dropAll();
  await client.until(() => new Set(client.sources).size === 2);
  const producing = produce(first, second, 40, seededRandom(SEED));
  const seen = new Set<string>();
  while (seen.size < EVENTS) {
    const signal = AbortSignal.timeout(20_000);
    for (const { did, at } of await queue.take({ maxItems: 50, maxWaitMs: 0, signal })) {
      seen.add(did);
      committed = at;
    }
  }
  await producing;
  assert.ok(client.failures.length > 0, "nothing was refused");
});

/** Sends all events to both servers, while one of them drops or rejects its clients. */
async function produce(
  first: ReplayServer,
  second: ReplayServer,
  from: number,
  random: () => number,
): Promise<void> {
  for (let pushed = from; pushed < EVENTS;) {
    const until = Math.min(EVENTS, pushed + Math.floor(random() * 60));
    push(first, second, pushed + 1, until);
    pushed = until;
    first.unavailable = random() < 0.3;
    second.unavailable = random() < 0.3;
    if (random() < 0.2) first.dropAll();
    if (random() < 0.2) await second.closeAll();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  first.unavailable = second.unavailable = false;
}

function push(first: ReplayServer, second: ReplayServer, from: number, to: number): void {
  for (let id = from; id <= to; id++) {
    first.push(event(id));
    second.push(event(id));
  }
}
