import assert from "node:assert/strict";
import { type Client, Session } from "../../../lib/repository/embedded/session.ts";
import { keepUp } from "../../../lib/repository/embedded/upkeep.ts";
import { queryUnit, type Unit, UnitReader } from "../../../lib/repository/embedded/wire.ts";
import { within } from "../../support/within.ts";

/** Notes what it is asked, and says that it is in a transaction from `begin` to its end. */
class NotingBackend {
  readonly asked: string[] = [];
  #status = "I";

  execute(bytes: Uint8Array): Promise<Uint8Array> {
    const text = bytes.length === 5 ? "sync" : new TextDecoder().decode(bytes.subarray(5, -1));
    this.asked.push(text);
    if (text === "begin") this.#status = "T";
    if (text === "commit" || text === "rollback") this.#status = "I";
    return Promise.resolve(new TextEncoder().encode(`Z\0\0\0\x05${this.#status}`));
  }
}

class NotingClient implements Client {
  lastWords = "";

  end(lastWords: Uint8Array): void {
    this.lastWords = new TextDecoder().decode(lastWords);
  }
}

function sessionOf(clients: number, idleLimitMs = 60_000): {
  readonly session: Session;
  readonly backend: NotingBackend;
  readonly clients: readonly NotingClient[];
} {
  const backend = new NotingBackend();
  const session = new Session(backend, idleLimitMs);
  const joined = Array.from({ length: clients }, () => new NotingClient());
  for (const client of joined) session.join(client);
  return { session, backend, clients: joined };
}

Deno.test("a transaction keeps the session until it ends", async () => {
  const { session, backend, clients: [one, two] } = sessionOf(2);
  await session.run(one!, queryUnit("begin"));
  const other = session.run(two!, queryUnit("select 2"));
  await session.run(one!, queryUnit("select 1"));
  await session.run(one!, queryUnit("commit"));
  await other;
  assert.deepEqual(backend.asked, ["begin", "select 1", "commit", "select 2"]);
});

Deno.test("waiting clients get the session in the order of their requests", async () => {
  const { session, backend, clients } = sessionOf(4);
  await session.run(clients[0]!, queryUnit("begin"));
  const waiting = [3, 1, 2].map((n) => session.run(clients[n]!, queryUnit(`select ${n}`)));
  await session.run(clients[0]!, queryUnit("rollback"));
  await Promise.all(waiting);
  assert.deepEqual(backend.asked, ["begin", "rollback", "select 3", "select 1", "select 2"]);
});

Deno.test("the transaction of a client that makes others wait is rolled back, and the client gets the reason", async () => {
  const { session, backend, clients: [one, two] } = sessionOf(2, 1);
  await session.run(one!, queryUnit("begin"));
  await session.run(two!, queryUnit("select 2"));
  assert.match(one!.lastWords, /25P03/);
  assert.deepEqual(backend.asked, ["begin", "sync", "rollback", "select 2"]);
  assert.equal(await session.run(one!, queryUnit("insert")), null);
});

Deno.test("a transaction may be idle without limit while nobody waits", async () => {
  const { session, backend, clients: [one] } = sessionOf(1, 1);
  await session.run(one!, queryUnit("begin"));
  const upkeep = session.upkeep("checkpoint");
  await new Promise((resolve) => setTimeout(resolve, 5));
  await session.run(one!, queryUnit("commit"));
  await upkeep;
  assert.deepEqual(backend.asked, ["begin", "commit", "checkpoint"]);
});

Deno.test("when the last client leaves, session settings are reset", async () => {
  const { session, backend, clients: [one, two] } = sessionOf(2);
  await session.run(one!, queryUnit("begin"));
  await session.leave(one!);
  assert.deepEqual(backend.asked, ["begin", "sync", "rollback"]);
  await session.leave(two!);
  assert.deepEqual(backend.asked.slice(3), ["discard all"]);
});

Deno.test("while used it is checkpointed every 2 s and vacuumed every 5 min", async () => {
  const { session, backend, clients: [one] } = sessionOf(1);
  let now = 0;
  const idle = Promise.withResolvers<void>();
  const wait = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
    if (now > 600_000) idle.resolve();
    if (now > 600_000) await new Promise(() => {});
    // Used in the first half of the time only.
    if (now <= 300_000) await session.run(one!, queryUnit("select 1"));
  };
  void keepUp(session, { now: () => now, wait });
  await within(idle.promise, "the idle session");
  const count = (statement: string): number =>
    backend.asked.filter((asked) => asked === statement).length;
  assert.equal(count("checkpoint"), 150);
  assert.equal(count("vacuum (analyze)"), 1);
});

Deno.test("units end at Query, Sync and Flush, however the bytes are cut", async () => {
  const sync = Uint8Array.of(0x53, 0, 0, 0, 4);
  const flush = Uint8Array.of(0x48, 0, 0, 0, 4);
  const execute = Uint8Array.of(0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0);
  const query = queryUnit("select 1").bytes;
  const parts = [query, execute, execute, sync, execute, flush, sync];
  const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
  for (const step of [1, 2, 3, 7, 64, bytes.length]) {
    const reader = new UnitReader(sourceOf(bytes, step), 1024);
    const units: Unit[] = [];
    for (let unit = await reader.unit(); unit !== null; unit = await reader.unit()) {
      units.push(unit);
    }
    assert.deepEqual(
      units.map(({ bytes, complete }) => [bytes.length, complete]),
      [[query.length, true], [25, true], [15, false], [5, true]],
    );
  }
});

Deno.test("a message that is too large is rejected before it has arrived", async () => {
  const head = Uint8Array.of(0x51, 0x7f, 0xff, 0xff, 0xff, 0, 0);
  await assert.rejects(new UnitReader(sourceOf(head, 7), 1024).unit(), /at most 1024/);
});

function sourceOf(bytes: Uint8Array, step: number): ConstructorParameters<typeof UnitReader>[0] {
  let at = 0;
  return {
    read(into): Promise<number | null> {
      const part = bytes.subarray(at, at + Math.min(step, into.length));
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
  };
}
