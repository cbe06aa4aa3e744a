/** When a stream counts as live. A connection that is open but brings no event is closed and reported. */

import assert from "node:assert/strict";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import type { FollowOptions } from "../../../lib/client/live/follow_options.ts";
import type { Message, MessageResult } from "../../../lib/client/live/message_result.ts";
import { MESSAGE_MS } from "../../../lib/client/live/progress_watchdog.ts";
import { UNDECODABLE_KEPT, UndecodableRun } from "../../../lib/client/live/undecodable_run.ts";
import { Program } from "../../support/crash/in_process.ts";
import { databaseTest } from "../../support/database.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { Followed, positionOf, v1Message } from "../../support/jetstream/followed.ts";
import { SampleEvents } from "../../support/sample_events.ts";
import { until } from "../../support/within.ts";
import { type Script, ScriptedServer, sends } from "../../support/jetstream/server.ts";
import { encodeFrame, OPCODE, type Peer } from "../../support/jetstream/websocket_server.ts";

const QUIET_MS = 300_000;
const STEP_MS = 60_000;

/** Handles a message like the program: text that is not JSON is undecodable. */
function hear(message: Message): MessageResult {
  try {
    return positionOf(message);
  } catch {
    return { undecodable: true };
  }
}

function following(
  clock: FakeClock,
  servers: readonly ScriptedServer[],
  changes: Partial<FollowOptions> = {},
): Followed {
  return new Followed(servers.map((server) => server.url()), {
    clock,
    reconnect: { baseMs: 100, maxMs: 1000, alertAttempts: 1, maxAttempts: 0 },
    random: () => 1,
    quietMs: QUIET_MS,
    receive: hear,
    peek: hear,
    ...changes,
  });
}

function fresh(clock: FakeClock, seq: number): string {
  return v1Message(seq, clock.now() * 1000);
}

/** Lets `QUIET_MS` pass while the server repeats an action, and the client reads everything. */
async function keepsDoing(
  clock: FakeClock,
  peer: Peer,
  act: (peer: Peer) => Promise<void>,
): Promise<void> {
  for (let passed = 0; passed < QUIET_MS && !peer.isGone; passed += STEP_MS) {
    await act(peer);
    await settled(peer);
    clock.advance(STEP_MS);
  }
}

/** Waits until the sent bytes were read. For bytes that end no frame only time can tell. */
async function settled(peer: Peer): Promise<void> {
  if (!peer.isGone) await new Promise((resolve) => setTimeout(resolve, 20));
}

const EVENT = v1Message(7);

const LIFELESS: readonly (readonly [string, (peer: Peer) => Promise<void>])[] = [
  ["pings", (peer) => peer.pingPong()],
  ["single bytes of a message", (peer) => peer.raw(Uint8Array.of(0x20))],
  ["empty parts of a message", (peer) => peer.raw(encodeFrame(OPCODE.continuation, "", false))],
  ["messages that can't be decoded", (peer) => peer.send("{")],
  ["the same event again and again", (peer) => peer.send(EVENT)],
];

for (const [what, act] of LIFELESS) {
  Deno.test(`a connection that brings only ${what} is closed for the next server, and reported`, async () => {
    const clock = new FakeClock();
    await using lifeless = new ScriptedServer([async (peer) => {
      await peer.accept();
      if (what.startsWith("single")) {
        await peer.raw(Uint8Array.of(0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0));
      }
      if (what.startsWith("empty")) await peer.raw(encodeFrame(OPCODE.text, "", false));
      if (what.startsWith("the same")) await peer.send(EVENT);
    }]);
    await using lively = new ScriptedServer([(peer) => sends(fresh(clock, 1))(peer)]);
    await using client = following(clock, [lifeless, lively]);
    await client.until(() => client.connections.length === 1);
    await keepsDoing(clock, await lifeless.peer(0), act);
    await client.until(() => client.endings.length === 1);
    assert.deepEqual(client.endings, [{ kind: "quiet", forMs: QUIET_MS }]);
    await clock.whenPending(100);
    clock.advance(100);
    await client.until(() => client.sources.at(-1) === parseEndpoint(lively.url()).source);
    assert.deepEqual(client.codes.slice(0, 2), ["quiet_stream", "source_changed"]);
    assert.equal(client.alerts.length, 1);
  });
}

Deno.test("a stream that brings an event in time is kept, with any number of pings in between", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([sends()]);
  await using client = following(clock, [server]);
  await client.until(() => client.connections.length === 1);
  const peer = await server.peer(0);
  for (let seq = 1; seq <= 10; seq++) {
    await peer.send(fresh(clock, seq));
    for (let ping = 1; ping < 5; ping++) {
      await peer.pingPong();
      clock.advance(STEP_MS);
    }
  }
  assert.equal(client.connections.length, 1);
  assert.equal(client.endings.length, 0);
});

Deno.test("one event of the future does not make the later ones count as old", async () => {
  const hourAheadUs = 3_600_000_000;
  const kinds: readonly ((clock: FakeClock, seq: number, aheadUs: number) => string)[] = [
    // A server that numbers its events, and one that numbers by time.
    (clock, seq, aheadUs) => v1Message(seq + aheadUs, clock.now() * 1000 + aheadUs),
    (clock, _seq, aheadUs) => v1Message(clock.now() * 1000 + aheadUs, clock.now() * 1000 + aheadUs),
  ];
  for (const message of kinds) {
    const clock = new FakeClock();
    await using server = new ScriptedServer([sends()]);
    await using client = following(clock, [server]);
    await client.until(() => client.connections.length === 1);
    const peer = await server.peer(0);
    await peer.send(message(clock, 1, hourAheadUs));
    await settled(peer);
    let seq = 1;
    await keepsDoing(clock, peer, (peer) => peer.send(message(clock, ++seq, 0)));
    await keepsDoing(clock, peer, (peer) => peer.send(message(clock, ++seq, 0)));
    assert.deepEqual(client.endings, []);
  }
});

Deno.test("a quiet stream is allowed with WANTED_DIDS, and when the setting allows it", async () => {
  const filter = { collections: ["app.subcult.*"], dids: ["did:plc:alice"] };
  for (const allowed of [{ filter }, { quietMs: 0 }]) {
    const clock = new FakeClock();
    await using server = new ScriptedServer([sends()]);
    await using client = following(clock, [server], allowed);
    await client.until(() => client.connections.length === 1);
    for (let hour = 0; hour < 3; hour++) {
      await keepsDoing(clock, await server.peer(0), (peer) => peer.pingPong());
    }
    assert.deepEqual(client.endings, []);
  }
});

Deno.test("an endless message ends the connection also when a quiet stream is allowed", async () => {
  const clock = new FakeClock();
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept();
    await peer.raw(encodeFrame(OPCODE.text, "{", false));
  }]);
  await using client = following(clock, [server], { quietMs: 0 });
  await client.until(() => client.connections.length === 1);
  const peer = await server.peer(0);
  for (let passed = 0; passed <= MESSAGE_MS && !peer.isGone; passed += STEP_MS) {
    await peer.pingPong();
    await peer.raw(encodeFrame(OPCODE.continuation, "", false));
    clock.advance(STEP_MS);
  }
  await client.until(() => client.endings.length === 1);
  assert.deepEqual(client.endings.map(({ kind }) => kind), ["broken"]);
});

Deno.test("our own pause does not make a stream quiet", async () => {
  const clock = new FakeClock();
  const flow = { paused: false, whenOpen: (): Promise<void> => opened.promise };
  let opened = Promise.withResolvers<void>();
  opened.resolve();
  await using server = new ScriptedServer([sends(fresh(clock, 1), fresh(clock, 2))]);
  await using client = following(clock, [server], {
    flow,
    receive: (message) => {
      flow.paused = String(message).includes('"cursor":1,');
      if (flow.paused) opened = Promise.withResolvers<void>();
      return hear(message);
    },
  });
  await clock.whenPending(2_000);
  clock.advance(1_999);
  flow.paused = false;
  opened.resolve();
  await client.received(2);
  await clock.whenPending(0);
  clock.advance(0);
  await (await server.peer(0)).pingPong();
  clock.advance(80_000);
  assert.deepEqual(client.endings, []);
});

Deno.test("a connection is closed after a hundred undecodable messages in a row", async () => {
  const broken = Array.from({ length: UNDECODABLE_KEPT + 50 }, (_, index) => `{${index}`);
  const clock = new FakeClock();
  await using babbling = new ScriptedServer([sends(...broken)]);
  await using lively = new ScriptedServer([(peer) => sends(fresh(clock, 1))(peer)]);
  await using client = following(clock, [babbling, lively]);
  await clock.whenPending(100);
  clock.advance(100);
  await client.until(() => client.seqsDecoded.length === 1);
  assert.deepEqual(client.endings, [{ kind: "undecodable", count: UNDECODABLE_KEPT }]);
  assert.deepEqual(client.codes.slice(0, 2), ["undecodable_stream", "source_changed"]);
  assert.equal(client.messages.length, UNDECODABLE_KEPT + 1, "one letter each, and no more");
});

Deno.test("the only server is retried, no more dead letters are written, and a valid message resets the count", async () => {
  const broken = Array.from({ length: 1000 }, (_, index) => `{${index}`);
  const clock = new FakeClock();
  await using server = new ScriptedServer([
    sends(...broken),
    sends(...broken),
    (peer) => sends(...broken.slice(0, 399), fresh(clock, 1), "{")(peer),
  ]);
  await using client = following(clock, [server]);
  for (const wait of [100, 200]) {
    await clock.whenPending(wait);
    clock.advance(wait);
  }
  await client.received(UNDECODABLE_KEPT + 2);
  assert.equal(client.seqsDecoded.length, 1);
  assert.deepEqual(client.endings.map((ending) => ending.kind === "undecodable" && ending.count), [
    100,
    300,
  ]);
  assert.deepEqual(client.codes, [
    "undecodable_stream",
    "undecodable_stream",
    "undecodable_skipped",
  ]);
});

Deno.test("undecodable messages between valid ones never close the connection", async () => {
  const run = new UndecodableRun();
  run.connected();
  for (let message = 0; message < 10_000; message++) {
    assert.equal(run.add(), false);
    assert.equal(run.isLong, false);
    if (message % (UNDECODABLE_KEPT - 1) === UNDECODABLE_KEPT - 2) run.end();
  }
  await Promise.resolve();
});

databaseTest(
  "of an undecodable stream a hundred dead letters are stored; /ready, log and metrics report it",
  async ({ url }) => {
    const broken = Array.from({ length: 5000 }, (_, index) => `not JSON ${index}`);
    const babbles: Script = sends(...broken);
    await using server = new ScriptedServer([babbles]);
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url(),
      env: { RECONNECT_BASE_MS: "1", RECONNECT_MAX_MS: "5" },
    });
    await program.until(() => server.peers.length >= 4);
    const ready = await program.fetch("/ready");
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /undecodable_stream|only undecodable/);
    const metrics = await (await program.fetch("/metrics")).text();
    assert.match(metrics, /indexer_notices_total\{code="undecodable_stream"\} [1-9]/);
    const said = program.log.filter(({ notice }) => notice === "undecodable_stream");
    assert.ok(said.length > 0 && said.every(({ level }) => level === "error"));
    await program.until(() => program.counts.dead_letter === UNDECODABLE_KEPT);
    assert.equal(program.counts.dead_letter, UNDECODABLE_KEPT);
  },
);

databaseTest(
  "a long run of undecodable messages is passed although the message before it is sent again; those not kept are reported",
  async ({ url, sql }) => {
    const broken = Array.from({ length: 150 }, (_, index) => `not JSON ${index}`);
    const events = new SampleEvents();
    const good = (): string => JSON.stringify({ ...events.put(`alice/scene/s`), cursor: ++seq });
    let seq = 0;
    const script: Script = sends(good(), ...broken, good());
    await using server = new ScriptedServer([script, script]);
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url(),
      env: { RECONNECT_BASE_MS: "1", RECONNECT_MAX_MS: "5" },
    });
    await program.until(() => program.cursor === 2);
    assert.equal(program.counts.dead_letter, UNDECODABLE_KEPT);
    const said = program.log.filter(({ notice }) => notice === "undecodable_skipped");
    assert.deepEqual(said.map(({ message }) => message), [
      "skipped 50 messages that could not be decoded: of so many in a row only the first 100 are kept",
    ]);
    assert.equal(await program.metric('indexer_notices_total{code="undecodable_skipped"}'), 1);
    const wanted = async (): Promise<boolean> => {
      const [row] = await sql<{ wanted: number }[]>`
        select count(*)::int as wanted from reconciles`;
      return (row?.wanted ?? 0) > 0;
    };
    await until(wanted, "the known repositories are to be compared");
  },
);
