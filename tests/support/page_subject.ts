/** The status page on a real server, with all its data controlled by the test. */

import { createLogger } from "../../lib/log/logger.ts";
import { Secret } from "../../lib/secret.ts";
import { createApp } from "../../lib/server/app.ts";
import type { DeadLetters } from "../../lib/repository/dead_letters/dead_letter_store.ts";
import type { DeadLetter } from "../../lib/repository/dead_letters/dead_letters.ts";
import type { RetryDeadLetters } from "../../lib/server/dead_letters/retry.ts";
import { PAGE } from "../../lib/server/page/page.ts";
import { type RunningServer, startServer } from "../../lib/server/http/server.ts";
import { StatusCache } from "../../lib/server/status/status_cache.ts";
import type { DeadLetterFilter } from "../../lib/repository/dead_letters/dead_letter_filter.ts";
import type { StoredStatus } from "../../lib/repository/status/stored_status.ts";
import { Telemetry } from "../../lib/server/telemetry/telemetry.ts";
import { OUTCOMES } from "../../lib/repository/outcome.ts";
import { HandClock, NOON, SCENE, TOKEN } from "./server_subject.ts";

export const HOSTILE =
  `</script><img src=//evil.example/x onerror="document.title='owned'"><b>\u202Ex`;

const MINUTE_MS = 60_000;

/** As a running system looks: six collections, some of everything. */
export function fullStatus(): StoredStatus {
  const at = (secondsAgo: number): Date => new Date(NOON + 3_600_000 - secondsAgo * 1000);
  return {
    collections: [
      { collection: SCENE, states: { applied: 1_204, waiting: 0, rejected: 3, deleted: 41 } },
      { collection: "app.subcult.event", states: { applied: 8_811, waiting: 12, rejected: 1 } },
      { collection: "app.subcult.post", states: { applied: 91_402, waiting: 2, suppressed: 17 } },
      { collection: "app.subcult.alliance", states: { applied: 88 } },
      { collection: "app.subcult.membership", states: { applied: 23_518, deleted: 904 } },
      { collection: "app.subcult.stream", states: { applied: 301, unmapped: 1 } },
    ],
    countedAt: at(40),
    cursor: {
      cursor: NOON * 1000,
      timeUs: NOON * 1000,
      source: "jetstream1.us-east.bsky.network/subscribe",
      savedAt: at(1),
    },
    waiting: {
      total: 14,
      reasons: [{ reason: "parent_missing", count: 12 }, {
        reason: "ambiguous_reference",
        count: 2,
      }],
    },
    deadLetters: {
      open: 4,
      reasons: [{ reason: "invalid_type", count: 3 }, { reason: "not_scene_owner", count: 1 }],
    },
    recent: Array.from({ length: 20 }, (_, index) => ({
      did: `did:plc:${"abcdefghijklmnopqrst"[index]}z72i7hdynmk6r22z27h6tvu`.slice(0, 32),
      collection: index % 3 === 0 ? SCENE : "app.subcult.post",
      rkey: `3l3qo2vutsw2${"bcdefghijklmnopqrstu"[index]}`,
      state: index === 2 ? "waiting" : index === 5 ? "rejected" : "applied",
      reason: index === 2 ? "parent_missing" : index === 5 ? "invalid_type" : null,
      at: at(index * 7),
    })),
    scenes: [
      { id: "1", name: HOSTILE, lat: 52.5, lng: 13.4 },
      { id: "2", name: "Lisboa Underground", lat: 38.72, lng: -9.14 },
      { id: "3", name: "Sheffield Noise", lat: 53.38, lng: -1.47 },
      { id: "4", name: "Athens Collective", lat: 37.98, lng: 23.73 },
      { id: "5", name: "Malmö", lat: 55.6, lng: 13.0 },
    ],
  };
}

export function letter(
  id: number,
  reason = "invalid_type",
  detail = "name is a number",
): DeadLetter {
  return {
    id,
    reason,
    detail,
    did: "did:plc:z72i7hdynmk6r22z27h6tvur",
    collection: SCENE,
    rkey: `3l3qo2vutsw2${id % 10}`,
    rev: "3l3qo2vutsw2b",
    attempts: id % 3,
    nextAttemptAt: null,
    createdAt: new Date(NOON + MINUTE_MS * (30 + id)),
    resolvedAt: null,
    resolution: null,
  };
}

/** Dead letters in memory. Retrying resolves those of an even id. */
export class Letters implements DeadLetters {
  readonly asked: string[] = [];
  open: DeadLetter[] = [
    letter(4),
    letter(3, "not_scene_owner", HOSTILE),
    letter(2),
    letter(1),
  ];

  #found({ reason, collection, did, olderThan, newerThan }: DeadLetterFilter): DeadLetter[] {
    return this.open.filter((one) =>
      (reason === undefined || one.reason === reason) &&
      (collection === undefined || one.collection === collection) &&
      (did === undefined || one.did === did) &&
      (olderThan === undefined || one.createdAt < olderThan) &&
      (newerThan === undefined || one.createdAt >= newerThan)
    );
  }

  list: DeadLetters["list"] = ({ limit, before = Infinity, ...filter }) => {
    const found = this.#found(filter).filter(({ id }) => id < before);
    return Promise.resolve(found.slice(0, limit));
  };
  count: DeadLetters["count"] = (filter) => Promise.resolve(this.#found(filter).length);
  discardAll: DeadLetters["discardAll"] = (filter, count) => {
    const found = this.#found(filter);
    if (found.length !== count) return Promise.resolve(false);
    this.asked.push(`discard ${JSON.stringify({ ...filter, count })}`);
    this.open = this.open.filter((one) => !found.includes(one));
    return Promise.resolve(true);
  };
  show: DeadLetters["show"] = (id) => {
    const found = this.open.find((one) => one.id === id);
    return Promise.resolve(
      found === undefined ? null : { ...found, payload: { record: { name: `${HOSTILE} ${id}` } } },
    );
  };
  retry: RetryDeadLetters = (selection) => {
    this.asked.push(`retry ${JSON.stringify(selection)}`);
    const tried = "id" in selection
      ? this.open.filter(({ id }) => id === selection.id)
      : this.#found(selection);
    const resolved = tried.filter(({ id }) => id % 2 === 0);
    this.open = this.open.filter((one) => !resolved.includes(one));
    const letters = tried.filter(({ id }) => id % 2 !== 0)
      .map(({ id, detail }) => ({ id, why: `still ${detail}` }));
    return Promise.resolve({ tried: tried.length, resolved: resolved.length, letters });
  };
  discard: DeadLetters["discard"] = (id) => {
    this.asked.push(`discard ${id}`);
    const before = this.open.length;
    this.open = this.open.filter((one) => one.id !== id);
    return Promise.resolve(this.open.length < before);
  };
}

export interface PageSubject extends AsyncDisposable {
  readonly url: string;
  readonly telemetry: Telemetry;
  readonly clock: HandClock;
  readonly letters: Letters;
  /** The database's answer from now on; null: it doesn't answer. */
  stored: StoredStatus | null;
  stopServer(): Promise<void>;
}

export interface ServeOptions {
  readonly token?: string | null;
  /** For how long it has run. Default: the whole hour that the page shows. */
  readonly minutes?: number;
}

/** Some time of events, connected and well. */
export function servePage({ token = null, minutes = 60 }: ServeOptions = {}): PageSubject {
  const clock = new HandClock();
  const telemetry = new Telemetry({ collections: [SCENE], version: "1.2.3", clock });
  const letters = new Letters();
  const subject = { stored: fullStatus() as StoredStatus | null };
  const statusCache = new StatusCache({
    source: {
      status: () => {
        if (subject.stored === null) return Promise.reject(new Error("away"));
        return Promise.resolve(subject.stored);
      },
    },
    telemetry,
    clock,
    maxAgeMs: 0,
  });
  live(telemetry, clock, minutes);
  const app = createApp({
    telemetry,
    statusCache,
    deadLetters: letters,
    retry: letters.retry,
    facts: {
      version: "1.2.3",
      consumer: "default",
      wantedCollections: ["app.subcult.*"],
      queueLimits: { pauseAt: 1000, resumeAt: 100, max: 2000, maxBytes: 67_108_864 },
    },
    token: token === null ? null : new Secret(token),
    hosts: [],
    page: PAGE,
    logger: createLogger({ level: "error", format: "json", write: () => {} }),
  });
  const server: RunningServer = startServer({ fetch: app.fetch, host: "127.0.0.1", port: 0 });
  let stopped: Promise<void> | null = null;
  const stopServer = (): Promise<void> => stopped ??= server.close();
  return Object.assign(subject, {
    url: `http://127.0.0.1:${server.port}/`,
    telemetry,
    clock,
    letters,
    stopServer,
    async [Symbol.asyncDispose](): Promise<void> {
      await stopServer();
      await statusCache.close();
    },
  });
}

export { TOKEN };

function live(telemetry: Telemetry, clock: HandClock, minutes: number): void {
  telemetry.pipelineStarted();
  telemetry.database.migrated();
  telemetry.stream.connected({
    endpoint: { source: "jetstream1.us-east.bsky.network/subscribe", protocol: "v1" },
  });
  for (let minute = 0; minute < minutes; minute++) {
    commit(telemetry, clock, minute);
    clock.pass(minute === minutes - 1 ? 40_000 : MINUTE_MS);
  }
  for (let second = 0; second < 20; second++) {
    commit(telemetry, clock, minutes - 1, 1 / 60);
    clock.pass(1_000);
  }
}

/** A little of each outcome, more in the middle of the hour. */
function commit(telemetry: Telemetry, clock: HandClock, minute: number, share = 1): void {
  const wave = share * (1 + Math.sin(minute / 7) + minute % 5 / 4);
  const counts = {
    applied: Math.round(40 * wave),
    duplicate: Math.floor(minute % 11 * share),
    stale: minute % 17 === 0 ? 2 : 0,
    waiting: minute % 6 === 0 ? 3 : 0,
    dead_letter: minute === 31 ? 4 : 0,
    ignored: Math.round(220 * wave),
  };
  const received = Object.values(counts).reduce((sum, value) => sum + value, 0);
  telemetry.stream.received(clock.now() * 1000, 400);
  telemetry.batches.taken(received);
  telemetry.batches.committed({
    events: OUTCOMES.map((outcome) => ({
      outcome,
      collection: SCENE,
      count: counts[outcome],
      upsert: outcome === "applied",
      receivedAt: clock.monotonic(),
    })),
    deadLetterReasons: [],
    durationMs: 4,
    position: { cursor: clock.now() * 1000, timeUs: clock.now() * 1000 },
  });
}
