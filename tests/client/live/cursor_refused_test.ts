/** How the client reacts when a server does not know the requested cursor. */

import assert from "node:assert/strict";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import type { FollowOptions } from "../../../lib/client/live/follow_options.ts";
import { RESUME_MARGIN_US, type ResumePoint } from "../../../lib/client/live/resume_point.ts";
import type { Message, MessageResult } from "../../../lib/client/live/message_result.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";
import { Followed, positionOf, v1Message } from "../../support/jetstream/followed.ts";
import {
  refusesInText,
  ScriptedServer,
  sends,
  sendsAndDrops,
} from "../../support/jetstream/server.ts";

const V2_PATH = "/xrpc/network.bsky.jetstream.subscribeEvents";
const FIREHOSE_PATH = "/xrpc/com.atproto.sync.subscribeRepos";
const FUTURE = "FutureCursor";
const TIME_US = 1_787_218_201_000_000;
const BY_TIME = String(TIME_US - RESUME_MARGIN_US);

/** The committed position in the stream of the server at `url`. */
function committed(url: string): ResumePoint {
  return { cursor: 90_211_733, timeUs: TIME_US, source: parseEndpoint(url).source };
}

/** Commits every event as it arrives, from that position on. */
function committing(first: ResumePoint): Partial<FollowOptions> {
  let resume = first;
  return {
    resumePoint: () => resume,
    peek: positionOf,
    receive: (message, { source }) => {
      const position = positionOf(message)!;
      resume = { ...position, source };
      return position;
    },
  };
}

function hear(message: Message): MessageResult {
  return message === FUTURE ? { notice: FUTURE } : positionOf(message);
}

Deno.test("a server for which the requested time is also in the future is read, not asked forever", async () => {
  await using server = new ScriptedServer([sends(FUTURE, v1Message(17))]);
  const resume = committed(server.url(V2_PATH));
  await using client = new Followed([server.url(V2_PATH)], {
    resumePoint: () => resume,
    receive: hear,
  });
  await client.received(3);
  assert.deepEqual(client.messages, [FUTURE, FUTURE, v1Message(17)]);
  assert.deepEqual(client.connections.map(({ cursor }) => cursor), ["90211733", BY_TIME]);
});

Deno.test("a server that calls the cursor one of the future, behind events from there on, is not asked by time", async () => {
  for (const path of [V2_PATH, FIREHOSE_PATH]) {
    const clock = new FakeClock(TIME_US / 1000 + 1_000);
    const { cursor } = committed("ws://host/subscribe");
    const scripts = Array.from(
      { length: 20 },
      (_, index) => sendsAndDrops(v1Message(cursor + index, TIME_US + index), FUTURE),
    );
    await using server = new ScriptedServer(scripts);
    let resume = committed(server.url(path));
    await using client = new Followed([server.url(path)], {
      resumePoint: () => resume,
      peek: hear,
      receive: (message, { source }) => {
        const heard = hear(message);
        if (heard !== null && "timeUs" in heard) resume = { ...heard, source };
        return heard;
      },
      clock,
      random: () => 1,
      reconnect: { baseMs: 100, maxMs: 30_000, alertAttempts: 0, maxAttempts: 0 },
    });
    // It is not asked again at once either.
    for (const waitMs of [100, 200, 400]) {
      await clock.whenPending(waitMs);
      clock.advance(waitMs);
    }
    await client.until(() => client.connections.length === 4);
    const asked = client.connections.map((connection) => Number(connection.cursor));
    const first = path === FIREHOSE_PATH ? cursor - 1 : cursor;
    assert.deepEqual(asked, [first, first, first + 1, first + 2]);
  }
});

Deno.test("another server for which the requested time is in the future is read: there is no alternative", async () => {
  await using dead = new ScriptedServer([refusesInText(503, "down")]);
  await using other = new ScriptedServer([sends(FUTURE, v1Message(17))]);
  const resume = committed(dead.url());
  await using client = new Followed([dead.url(), other.url(V2_PATH)], {
    resumePoint: () => resume,
    receive: hear,
  });
  await client.received(2);
  assert.deepEqual(client.messages, [FUTURE, v1Message(17)]);
  assert.deepEqual(client.connections.map(({ cursor }) => cursor), [BY_TIME]);
});

Deno.test("cursors of the new numbering are trusted as soon as one is committed", async () => {
  await using server = new ScriptedServer([
    sends(v1Message(17, TIME_US + 7_200_000_000)),
    sendsAndDrops(v1Message(3, TIME_US - 1_000_000)),
    sends(v1Message(3, TIME_US - 1_000_000)),
  ]);
  await using client = new Followed([server.url()], committing(committed(server.url())));
  await client.received(2);
  assert.deepEqual(client.connections.map(({ cursor }) => cursor), ["90211733", BY_TIME, "3"]);
});

Deno.test("after a restart of the numbering events are requested by time also while nothing is committed", async () => {
  const firstUs = TIME_US + RESUME_MARGIN_US;
  await using server = new ScriptedServer([
    sendsAndDrops(v1Message(90_211_733, firstUs)),
    sends(v1Message(17, firstUs + 1_000_000)),
    sends(v1Message(1, firstUs - 1_000_000)),
  ]);
  await using client = new Followed([server.url()], { peek: positionOf });
  await client.received(2);
  assert.deepEqual(client.seqs, [90_211_733, 1]);
  const asked = client.connections.map(({ cursor }) => cursor);
  assert.deepEqual(asked, [null, "90211733", String(TIME_US)]);
  assert.deepEqual(client.codes, ["went_live"]);
});

Deno.test("a number that one server does not know is still used on another", async () => {
  await using first = new ScriptedServer([
    sends(v1Message(17, TIME_US + 7_200_000_000)),
    refusesInText(503, "down"),
  ]);
  await using second = new ScriptedServer([
    sendsAndDrops(v1Message(95_000_000)),
    sends(v1Message(95_000_001)),
  ]);
  const resume = committed(first.url());
  await using client = new Followed([first.url(), second.url()], committing(resume));
  await client.received(2);
  const asked = client.connections.map(({ cursor }) => cursor);
  assert.deepEqual(asked, ["90211733", BY_TIME, "95000000"]);
});

Deno.test("a firehose with another numbering is read: it accepts no time", async () => {
  await using server = new ScriptedServer([sends(v1Message(17), v1Message(18))]);
  const resume = committed(server.url(FIREHOSE_PATH));
  await using client = new Followed([server.url(FIREHOSE_PATH)], {
    resumePoint: () => resume,
    peek: positionOf,
  });
  await client.received(2);
  assert.deepEqual(client.seqs, [17, 18]);
  assert.deepEqual(client.codes, ["went_live"]);
  assert.equal(client.connections.length, 1);
});

Deno.test("other notices of a server do not affect the trust in the cursor", async () => {
  await using server = new ScriptedServer([
    sendsAndDrops("ConsumerTooSlow"),
    sends(v1Message(90_211_733)),
  ]);
  const resume = committed(server.url(V2_PATH));
  await using client = new Followed([server.url(V2_PATH)], {
    resumePoint: () => resume,
    receive: (message) => message === "ConsumerTooSlow" ? { notice: message } : positionOf(message),
  });
  await client.received(2);
  assert.deepEqual(client.connections.map(({ cursor }) => cursor), ["90211733", "90211733"]);
});
