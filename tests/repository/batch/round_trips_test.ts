/**
 * How often a batch waits for the database, counted at the socket: that is the cost of a distant
 * database. A relay passes answers on only when the client waits for them.
 */

import assert from "node:assert/strict";
import { PART_SIZES } from "../../../lib/repository/batch/batch_fold.ts";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { databaseTest } from "../../support/database.ts";
import { Relay } from "../../support/distance/relay.ts";
import { Folded } from "../../support/folded.ts";
import type { JetstreamEvent } from "../../support/jetstream/stored_event.ts";
import { didOf, SampleEvents, uriOf } from "../../support/sample_events.ts";

const QUIET_TURNS = 8;
/** A client that is slow to send looks as if it waited: the least of some attempts counts. */
const ATTEMPTS = 3;

type Make = (events: SampleEvents, attempt: number) => readonly JetstreamEvent[];

interface Kind {
  readonly name: string;
  readonly most: number;
  /** Events before, in a batch that is not counted. */
  readonly before?: Make;
  readonly batch: Make;
}

const MANY = Array.from({ length: 20 }, (_, i) => i);

const KINDS: readonly Kind[] = [
  {
    name: "new posts in scenes that are there",
    most: 2,
    batch: (events, n) =>
      MANY.map((i) => events.put(`p${i}/post/new${n}`, { sceneId: uriOf("alice/scene/s1") })),
  },
  {
    name: "new posts that name a scene by its rkey alone",
    most: 2,
    batch: (events, n) => MANY.map((i) => events.put(`p${i}/post/b${n}`, { sceneId: "s1" })),
  },
  {
    name: "new posts at events",
    most: 2,
    batch: (events, n) =>
      MANY.map((i) =>
        events.put(`p${i}/post/e${n}`, { sceneId: undefined, eventId: uriOf("alice/event/e1") })
      ),
  },
  {
    name: "updates and deletes of posts",
    most: 2,
    before: (events, n) => MANY.map((i) => events.put(`p${i}/post/u${n}`, { sceneId: "s1" })),
    batch: (events, n) =>
      MANY.map((i) =>
        i % 2 === 0
          ? events.delete(`p${i}/post/u${n}`)
          : events.put(`p${i}/post/u${n}`, { sceneId: "s1", text: "changed" })
      ),
  },
  {
    name: "posts that wait for their scenes",
    most: 3,
    batch: (events, n) =>
      MANY.map((i) =>
        events.put(`p${i}/post/w${n}`, { sceneId: uriOf(`bob/scene/later${n}${i}`) })
      ),
  },
  {
    name: "posts at events that wait for their scenes, and posts that come before their events",
    most: 3,
    batch: (events, n) =>
      MANY.flatMap((i) => {
        const at = (event: string): JetstreamEvent =>
          events.put(`writer${i}/post/${event}${n}`, {
            sceneId: undefined,
            eventId: uriOf(`p${i}/event/${event}${n}`),
          });
        return [
          events.put(`p${i}/event/w${n}`, { sceneId: uriOf(`p${i}/scene/never${n}`) }),
          at("w"),
          at("late"),
          events.put(`p${i}/event/late${n}`, { sceneId: uriOf(`p${i}/scene/never${n}`) }),
        ];
      }),
  },
  {
    name: "new scenes with events and posts",
    most: 2,
    batch: (events, n) =>
      MANY.flatMap((i) => [
        events.put(`p${i}/scene/own${n}`),
        events.put(`p${i}/event/own${n}`, { sceneId: `own${n}` }),
        events.put(`p${i}/post/own${n}`, {
          sceneId: undefined,
          eventId: uriOf(`p${i}/event/own${n}`),
        }),
      ]),
  },
  {
    name: "requests, and decisions on them",
    most: 2,
    before: (events, n) =>
      MANY.map((i) =>
        events.put(`asks${i}x${n}/membership/a`, { sceneId: uriOf("alice/scene/s1") })
      ),
    batch: (events, n) =>
      MANY.flatMap((i) => [
        events.put(`new${i}x${n}/membership/a`, { sceneId: uriOf("alice/scene/s1") }),
        events.put(`alice/membership/d${i}x${n}`, {
          sceneId: "s1",
          member: didOf(`asks${i}x${n}`),
        }),
      ]),
  },
  {
    name: "scenes that go with their posts",
    most: 2,
    before: (events, n) =>
      MANY.flatMap((i) => [
        events.put(`p${i}/scene/go${n}`),
        events.put(`bob/post/go${i}x${n}`, { sceneId: uriOf(`p${i}/scene/go${n}`) }),
      ]),
    batch: (events, n) => MANY.map((i) => events.delete(`p${i}/scene/go${n}`)),
  },
  {
    name: "scenes for which posts have waited",
    most: 3,
    before: (events, n) =>
      MANY.map((i) =>
        events.put(`bob/post/due${i}x${n}`, { sceneId: uriOf(`p${i}/scene/due${n}`) })
      ),
    batch: (events, n) => MANY.map((i) => events.put(`p${i}/scene/due${n}`)),
  },
  {
    name: "accounts of which nothing is held",
    most: 2,
    batch: (events, n) =>
      MANY.map((i) =>
        events.account(`stranger${i}`, n % 2 === 0, n % 2 === 0 ? undefined : "suspended")
      ),
  },
  {
    name: "accounts whose records go",
    most: 3,
    before: (events, n) =>
      MANY.map((i) => events.put(`q${i}x${n}/post/a`, { sceneId: uriOf("alice/scene/s1") })),
    batch: (events, n) => MANY.map((i) => events.account(`q${i}x${n}`, false, "deactivated")),
  },
  {
    name: "accounts whose records come back",
    most: 4,
    before: (events, n) =>
      MANY.flatMap((i) => [
        events.put(`r${i}x${n}/post/a`, { sceneId: uriOf("alice/scene/s1") }),
        events.account(`r${i}x${n}`, false, "deactivated"),
      ]),
    batch: (events, n) => MANY.map((i) => events.account(`r${i}x${n}`, true)),
  },
  {
    name: "accounts that come back, while events name scenes by their rkey alone",
    most: 3,
    before: (events, n) =>
      MANY.flatMap((i) => [
        events.put(`n${i}x${n}/post/a`, { sceneId: uriOf("alice/scene/s1") }),
        events.account(`n${i}x${n}`, false, "deactivated"),
      ]),
    batch: (events, n) =>
      MANY.flatMap((i) => [
        events.account(`n${i}x${n}`, true),
        events.put(`p${i}/post/n${n}`, { sceneId: "s1" }),
      ]),
  },
  {
    name: "all of it together",
    most: 3,
    before: (events, n) =>
      MANY.map((i) => events.put(`m${i}x${n}/post/a`, { sceneId: uriOf("alice/scene/s1") })),
    batch: (events, n) =>
      MANY.flatMap((i) => [
        events.put(`p${i}/post/mn${n}`, { sceneId: uriOf("alice/scene/s1") }),
        events.put(`p${i}/post/mw${n}`, { sceneId: uriOf(`bob/scene/never${n}${i}`) }),
        events.put(`p${i}/scene/ms${n}`),
        i % 2 === 0
          ? events.delete(`m${i}x${n}/post/a`)
          : events.account(`m${i}x${n}`, false, "deactivated"),
      ]),
  },
];

databaseTest(
  "each kind of batch waits for the database as few times as possible",
  async ({ url }) => {
    await using relay = new Relay(url, { quietTurns: QUIET_TURNS });
    const sql = connect(relay.through(url), { max: 1, applicationName: "tests" });
    try {
      // In one part: a batch that is sent in parts looks like waiting, when the client is slow.
      const folded = new Folded({ sql }, { parts: PART_SIZES });
      const events = new SampleEvents();
      await folded.batch(
        events.put("alice/scene/s1"),
        events.put("alice/event/e1", { sceneId: "s1" }),
      );
      const counted: string[] = [];
      const tooMany: string[] = [];
      for (const { name, most, before, batch } of KINDS) {
        const counts: number[] = [];
        for (let attempt = 0; attempt <= ATTEMPTS; attempt++) {
          if (before !== undefined) await folded.batch(...before(events, attempt));
          const since = relay.roundTrips;
          await folded.batch(...batch(events, attempt));
          // The first makes the server prepare statements.
          if (attempt > 0) counts.push(relay.roundTrips - since);
        }
        const least = Math.min(...counts);
        counted.push(`${name}: ${counts.join(", ")}`);
        if (least > most) tooMany.push(`${name}: ${least}, expected at most ${most}`);
        assert.ok(least > 0, "nothing was counted");
      }
      assert.deepEqual(tooMany, [], `counted:\n${counted.join("\n")}`);
    } finally {
      await terminate(sql);
    }
  },
  { kinds: ["server"] },
);
