import assert from "node:assert/strict";
import { ConnectionLimiter } from "../../../lib/server/http/connection_limiter.ts";
import { type Occupant, occupantToEvict } from "../../../lib/server/http/eviction.ts";
import { lastingPort } from "../../support/lasting_port.ts";
import { until } from "../../support/within.ts";

const PLACES = 16;
const NOW = 10_000;

function occupant(client: string, state: Occupant["state"], ageMs: number): Occupant {
  return { client, state, since: NOW - ageMs };
}

/** Which connection is evicted, by its index. */
function giving(...occupants: readonly Occupant[]): number | null {
  const one = occupantToEvict(occupants, PLACES, NOW);
  return one === null ? null : occupants.indexOf(one);
}

Deno.test("connections without a complete request are evicted, the oldest of the busiest client first", () => {
  const old = occupant("a", "receiving", 900);
  const busy = [800, 700].map((age) => occupant("b", "receiving", age));
  assert.equal(giving(old, ...busy), 1);
  assert.equal(giving(old, occupant("b", "leaving", 800)), 0);
});

Deno.test("a connection is not evicted while its answer is made, or when it is new", () => {
  assert.equal(giving(occupant("a", "answering", 9_000), occupant("b", "receiving", 9)), null);
  assert.equal(giving(occupant("a", "receiving", 9), occupant("b", "receiving", 900)), 1);
});

Deno.test("connections of a client above its share can be evicted at once", () => {
  const many = Array.from({ length: 5 }, () => occupant("a", "receiving", 0));
  assert.equal(giving(occupant("b", "receiving", 9), ...many), 1);
  assert.equal(giving(occupant("b", "receiving", 9), ...many.slice(1)), null);
});

Deno.test("clients that don't read their answers leave a part of the slots to others", () => {
  const sending = Array.from({ length: 13 }, () => occupant("a", "sending", 1));
  assert.equal(giving(occupant("b", "answering", 9), ...sending), 1);
  assert.equal(giving(occupant("b", "answering", 9), ...sending.slice(1)), null);
});

Deno.test("a listener that fails is opened again on the same port, and it is reported once", async () => {
  const port = lastingPort();
  const listeners: Deno.TcpListener[] = [];
  const told: unknown[] = [];
  const limiter = new ConnectionLimiter({
    listen: () => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port });
      listeners.push(listener);
      return listener;
    },
    fetch: () => new Response("here"),
    failed: (error) => told.push(error),
    maxConnections: 8,
    lifetimeMs: 5_000,
    maxHeadBytes: 1_000,
    maxBodyBytes: 1_000,
  });
  for (let times = 1; times <= 3; times++) {
    listeners.at(-1)!.close();
    // The port is closed for a moment.
    const ask = (): Promise<string> =>
      fetch(`http://127.0.0.1:${port}/`).then((response) => response.text()).catch(() => "");
    let answer = "";
    for (const end = performance.now() + 20_000; answer === "" && performance.now() < end;) {
      answer = await ask();
    }
    assert.equal(answer, "here");
    assert.deepEqual([listeners.length, told.length], [times + 1, times]);
  }
  await limiter.close(0);
});

Deno.test("at most the maximum number of connections is served", async () => {
  const served: Promise<void>[] = [];
  const answers: (() => void)[] = [];
  const order: string[] = [];
  const limiter = new ConnectionLimiter({
    listen: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
    fetch: () => {
      const number = answers.length + 1;
      order.push(`${number} begins`);
      return new Promise<Response>((resolve) => {
        answers.push(() => {
          order.push(`${number} ends`);
          resolve(new Response("here"));
        });
      });
    },
    failed: () => {},
    maxConnections: 2,
    lifetimeMs: 20_000,
    maxHeadBytes: 1_000,
    maxBodyBytes: 1_000,
  });
  const ask = async (): Promise<void> => {
    await (await fetch(`http://127.0.0.1:${limiter.port}/`)).text();
  };
  const begun = (count: number): Promise<void> =>
    until(() => answers.length >= count, `the begin of ${count} requests`, { everyMs: 1 });
  for (let count = 1; count <= 2; count++) {
    served.push(ask());
    await begun(count);
  }
  // The third connection waits for a slot all the time, and gets none.
  served.push(ask());
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  answers[0]!();
  await begun(3);
  answers[1]!();
  answers[2]!();
  await Promise.all(served);
  assert.deepEqual(order.slice(0, 4), ["1 begins", "2 begins", "1 ends", "3 begins"]);
  await limiter.close(0);
});
