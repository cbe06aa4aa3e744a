/** The stored position on servers that restart their numbering, have other clocks, or send nothing. */

import assert from "node:assert/strict";
import type { Sql } from "../../lib/repository/connection/sql.ts";
import { readCursor } from "../../lib/repository/batch/cursor.ts";
import { hastyClock } from "../support/crash/hasty_clock.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import {
  type JetstreamEvent,
  ReplayServer,
  type ReplayServerOptions,
} from "../support/jetstream/replay_server.ts";
import { SampleEvents } from "../support/sample_events.ts";
import { lastingPort } from "../support/lasting_port.ts";

type Wire = "v1" | "v2";

function urlOf(server: ReplayServer, wire: Wire): string {
  return wire === "v1" ? server.url : server.v2Url;
}

function cursorsAsked(server: ReplayServer): (string | null)[] {
  return server.peers.map(({ request }) => request.query.get("cursor"));
}

/** Unix microseconds. */
function anHourAgo(): number {
  return (Date.now() - 3_600_000) * 1000;
}

/** Codes of the notices about positions so far. */
function notices({ log }: Program): unknown[] {
  return log.map(({ notice }) => notice).filter((code) => code && code !== "uncompressed");
}

/** Resolves when so many events were folded, known ones included. */
async function folded(program: Program, count: number): Promise<void> {
  await program.until(() => program.said("connected") > 0);
  await program.until(() => program.counts.applied + program.counts.duplicate >= count);
}

/** Scenes, each of an account of its own, so that their order is free. */
function scenes(events: SampleEvents, ...names: readonly string[]): JetstreamEvent[] {
  return names.map((name) => events.put(`${name}/scene/s`));
}

/** An event as another server receives it later. */
function seenAt(event: JetstreamEvent, timeUs: number): JetstreamEvent {
  return { ...event, time_us: timeUs };
}

async function liveScenes(sql: Sql): Promise<number> {
  const [row] = await sql<{ live: number }[]>`
    select count(*)::int as live from scenes where deleted_at is null`;
  return row?.live ?? 0;
}

/** Reads what a server has, and stops. Returns the server's port, where another can be opened. */
async function readAll(
  url: string,
  wire: Wire,
  events: readonly JetstreamEvent[],
): Promise<number> {
  await using server = new ReplayServer({ port: lastingPort() });
  const last = server.push(...events);
  await using program = new Program({ databaseUrl: url, streamUrl: urlOf(server, wire) });
  await program.committed(last);
  await program.stop();
  return server.port;
}

/** Which server is at that address at the next start; the indexer is not informed. */
const RENUMBERED: readonly (readonly [
  what: string,
  log: (seen: readonly JetstreamEvent[], events: SampleEvents) => readonly JetstreamEvent[],
])[] = [
  [
    "it crashed, lost its last two, and saw them again behind one that is new",
    ([one, two, three, four, five], events) => {
      const [fresh] = scenes(events, "fresh");
      const at = events.timeUs;
      return [one!, two!, three!, fresh!, seenAt(five!, at), seenAt(four!, at)];
    },
  ],
  [
    "the same, and at our number stands one that our filter hides",
    ([one, two, three, four, five], events) => {
      const [fresh] = scenes(events, "fresh");
      const foreign = events.put("carol/app.bsky.feed.post/p");
      const at = events.timeUs;
      return [one!, two!, three!, fresh!, foreign, seenAt(five!, at), seenAt(four!, at)];
    },
  ],
  [
    "it is a replica, and numbers otherwise",
    ([one, two, three, four, five], events) => {
      const [other] = scenes(events, "other");
      const mine = [one!, two!, three!, five!, four!].map((event, n) =>
        seenAt(event, one!.time_us! + n)
      );
      return [seenAt(other!, one!.time_us! - 1), ...mine];
    },
  ],
  [
    "it was built from scratch, and its numbers have passed ours",
    (_seen, events) => scenes(events, "a", "b", "c", "d", "e", "f", "g", "h"),
  ],
];

for (const wire of ["v1", "v2"] as const) {
  for (const [what, log] of RENUMBERED) {
    databaseTest(
      `${wire}: nothing is missed when numbers mean other events: ${what}`,
      async ({ url, sql }) => {
        const events = new SampleEvents(anHourAgo());
        const seen = scenes(events, "one", "two", "three", "four", "five");
        const port = await readAll(url, wire, seen);
        await using anew = new ReplayServer({ port });
        const held = log(seen, events);
        anew.push(...held);
        const wanted = new Set(
          [...seen, ...held].filter(({ commit }) => commit?.collection === "app.subcult.scene").map(
            ({ did }) => did,
          ),
        );
        await using program = new Program({ databaseUrl: url, streamUrl: urlOf(anew, wire) });
        await program.until(() => program.cursor === held.length && notices(program).length > 0);
        assert.equal(await liveScenes(sql), wanted.size);
        const [asked, again] = cursorsAsked(anew);
        assert.deepEqual([asked, Number(again) >= 1e15], ["5", true]);
        assert.ok(["renumbered", "cursor_doubted"].includes(String(notices(program)[0])));
      },
    );
  }

  databaseTest(
    `${wire}: events during a stop are not missed, although none had arrived before`,
    async ({ url, sql }) => {
      await using server = new ReplayServer();
      const env = { START_FROM: "live" };
      const options = { databaseUrl: url, streamUrl: urlOf(server, wire), env };
      {
        await using program = new Program(options);
        await program.until(() => program.said("connected") > 0);
        await program.stop();
      }
      const events = new SampleEvents(Date.now() * 1000);
      server.push(...scenes(events, "meanwhile"));
      await using program = new Program(options);
      await folded(program, 1);
      assert.equal(await liveScenes(sql), 1);
      assert.deepEqual(notices(program), []);
    },
  );
}

/** A row as 0.1 left it. */
async function storeOldCursor(
  sql: Sql,
  cursor: number,
  timeUs: number,
  source: string,
): Promise<void> {
  await sql`insert into indexer_state (consumer, cursor, cursor_time, source, last_updated)
    values ('default', ${cursor}, to_timestamp(${timeUs / 1e6}::float8), ${source},
      now() - interval '10 minutes')`;
}

databaseTest("a cursor of version 0.1 is continued", async ({ url, sql }) => {
  const events = new SampleEvents(anHourAgo());
  const log = scenes(events, "one", "two", "three", "four");
  await using server = new ReplayServer();
  server.push(...log);
  await storeOldCursor(sql, 2, log[1]!.time_us!, `127.0.0.1:${server.port}/subscribe`);
  await using program = new Program({ databaseUrl: url, streamUrl: server.url });
  await program.committed(4);
  assert.deepEqual(cursorsAsked(server), ["2"]);
  assert.equal(program.counts.applied, 3);
  assert.deepEqual(notices(program), []);
});

databaseTest(
  "a stored cursor in the future is replaced by the newest time at which one was stored",
  async ({ url, sql }) => {
    const nowUs = Date.now() * 1000;
    const poison = nowUs + 20 * 3_600_000_000;
    await using server = new ReplayServer({ legacy: true });
    const events = new SampleEvents(nowUs - 660_000_000);
    const [known, missed] = scenes(events, "known", "missed");
    server.push(known!, seenAt(missed!, nowUs - 300_000_000));
    await storeOldCursor(sql, poison, poison, `127.0.0.1:${server.port}/subscribe`);
    await using program = new Program({ databaseUrl: url, streamUrl: server.url });
    await folded(program, 2);
    assert.deepEqual(notices(program), ["cursor_in_future"]);
    const [asked] = cursorsAsked(server);
    assert.ok(Number(asked) < nowUs - 600_000_000, `asked for ${asked}`);
    await program.stop();
    assert.ok((await readCursor(sql, "default"))!.cursor < nowUs);
  },
);

databaseTest(
  "when all events are ahead of our clock that is reported, and the server's numbers are used",
  async ({ url, sql }) => {
    await using server = new ReplayServer();
    const events = new SampleEvents(Date.now() * 1000 + 20 * 3_600_000_000);
    await using program = new Program({
      databaseUrl: url,
      streamUrl: server.url,
      clock: hastyClock(20),
    });
    await program.until(() => program.said("connected") > 0);
    let last = 0;
    const timer = setInterval(() => last = server.push(...scenes(events, `x${last}`)), 50);
    try {
      await program.until(() => program.cursor > 0);
    } finally {
      clearInterval(timer);
    }
    assert.deepEqual(notices(program), ["clock_ahead"]);
    const [said] = program.log.filter(({ notice }) => notice === "clock_ahead");
    assert.match(String(said?.message), /at least \d{5} s ahead of this machine's clock/);
    const ready = await program.fetch("/ready");
    assert.deepEqual([ready.status, (await ready.text()).includes('"clock"')], [503, true]);
    assert.ok(await program.metric("indexer_clock_ahead_seconds") ?? 0 > 60_000);
    await program.committed(last);
    await program.stop();
    const stored = await readCursor(sql, "default");
    assert.equal(stored?.cursor, last);
    assert.ok(stored!.timeUs < events.timeUs - 3_600_000_000);
  },
);

databaseTest(
  "one event ahead of our clock neither blocks nor moves the position",
  async ({ url, sql }) => {
    for (const options of [{}, { legacy: true }] satisfies ReplayServerOptions[]) {
      const nowUs = Date.now() * 1000;
      const events = new SampleEvents(nowUs - 3_600_000_000);
      await using server = new ReplayServer(options);
      const env = { CONSUMER_NAME: JSON.stringify(options).length > 2 ? "legacy" : "numbered" };
      const streamUrl = server.url;
      await using program = new Program({ databaseUrl: url, streamUrl, env });
      server.push(...scenes(events, "one"));
      await folded(program, 1);
      const [ahead] = scenes(events, "ahead");
      server.push(JSON.stringify({ ...ahead, time_us: nowUs + 20 * 3_600_000_000 }));
      await folded(program, 2);
      await program.stop();
      const stored = await readCursor(sql, env.CONSUMER_NAME);
      assert.ok(stored !== null && stored.timeUs < nowUs && stored.cursor < nowUs);
    }
  },
);

databaseTest(
  "a v2 cursor that aged out on a quiet stream is requested by the time up to which it was quiet",
  async ({ url, sql }) => {
    const nowUs = Date.now() * 1000;
    const events = new SampleEvents(nowUs - 9_010_000_000);
    await using server = new ReplayServer({ firstSeq: 900, floorSeq: 900 });
    server.push(
      ...scenes(events, "before"),
      seenAt(scenes(events, "meanwhile")[0]!, nowUs - 3_600_000_000),
    );
    const source = `127.0.0.1:${server.port}/xrpc/network.bsky.jetstream.subscribeEvents`;
    const aged = nowUs - 90 * 3_600_000_000;
    await sql`insert into indexer_state (consumer, cursor, cursor_time, cursor_mark, source)
    values ('default', 5, to_timestamp(${nowUs / 1e6 - 9_000}::float8), ${`${aged} x`}, ${source})`;
    await using program = new Program({ databaseUrl: url, streamUrl: server.v2Url });
    await folded(program, 2);
    assert.deepEqual(notices(program), ["cursor_aged_out"]);
  },
);
