/** An application in memory, with its clock and its sources controlled by the test. */

import type { Hono } from "hono";
import type { Logger } from "../../lib/log/logger.ts";
import { createLogger } from "../../lib/log/logger.ts";
import { Secret } from "../../lib/secret.ts";
import { createApp } from "../../lib/server/app.ts";
import type { Clocks } from "../../lib/server/facts/facts.ts";
import type { DeadLetters } from "../../lib/repository/dead_letters/dead_letter_store.ts";
import type { RetryDeadLetters } from "../../lib/server/dead_letters/retry.ts";
import type { RequestLimits } from "../../lib/server/http/request_limits.ts";
import { StatusCache, type StatusSource } from "../../lib/server/status/status_cache.ts";
import type { StoredStatus } from "../../lib/repository/status/stored_status.ts";
import { Telemetry } from "../../lib/server/telemetry/telemetry.ts";

export const NOON = Date.UTC(2026, 10, 24, 12);

/** Both clocks move together, and only when the test moves them. */
export class HandClock implements Clocks {
  #passedMs = 0;
  now(): number {
    return NOON + this.#passedMs;
  }
  monotonic(): number {
    return 1_000 + this.#passedMs;
  }
  pass(ms: number): void {
    this.#passedMs += ms;
  }
}

export const SCENE = "app.subcult.scene";

export const STORED: StoredStatus = {
  collections: [{ collection: SCENE, states: { applied: 3, waiting: 1 } }],
  countedAt: new Date(NOON),
  cursor: { cursor: 7, timeUs: NOON * 1000, source: "h/subscribe", savedAt: new Date(NOON) },
  waiting: { total: 1, reasons: [{ reason: "parent_missing", count: 1 }] },
  deadLetters: { open: 2, reasons: [{ reason: "invalid_type", count: 2 }] },
  recent: [],
  scenes: [{ id: "a", name: "Scene", lat: 52.5, lng: 13.4 }],
};

export const TOKEN = "correct-horse-battery-staple";

export const PAGE = "<!doctype html><style>1</style><script>1</script><p>the page";

export interface Subject {
  readonly app: Hono;
  readonly telemetry: Telemetry;
  readonly clock: HandClock;
  readonly logLines: string[];
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
  /** Gives up what is still asked of the source. */
  readonly close: () => Promise<void>;
}

export interface SubjectOptions {
  readonly token?: string | null;
  readonly source?: StatusSource;
  readonly deadLetters?: Partial<DeadLetters>;
  readonly retry?: RetryDeadLetters;
  readonly limits?: RequestLimits;
  readonly waitMs?: number;
  readonly giveUpMs?: number;
}

function unexpected(): Promise<never> {
  return Promise.reject(new Error("not expected to be called"));
}

export function subject(options: SubjectOptions = {}): Subject {
  const { token = null, source = { status: () => Promise.resolve(STORED) } } = options;
  const clock = new HandClock();
  const telemetry = new Telemetry({ collections: [SCENE], version: "1.2.3", clock });
  const logLines: string[] = [];
  const logger: Logger = createLogger({
    level: "debug",
    format: "json",
    write: (line) => logLines.push(line),
  });
  const { waitMs = 1_000, giveUpMs = 5_000, limits } = options;
  const statusCache = new StatusCache({ source, telemetry, clock, waitMs, giveUpMs });
  const app = createApp({
    telemetry,
    statusCache,
    deadLetters: {
      list: unexpected,
      show: unexpected,
      discard: unexpected,
      count: unexpected,
      discardAll: unexpected,
      ...options.deadLetters,
    },
    retry: options.retry ?? unexpected,
    facts: {
      version: "1.2.3",
      consumer: "default",
      wantedCollections: ["app.subcult.*"],
      queueLimits: { pauseAt: 1000, resumeAt: 100, max: 2000, maxBytes: 1_000_000 },
    },
    token: token === null ? null : new Secret(token),
    hosts: ["indexer.test"],
    page: PAGE,
    logger,
    ...(limits === undefined ? {} : { limits }),
  });
  return {
    app,
    telemetry,
    clock,
    logLines,
    close: () => statusCache.close(),
    request: async (path, init) => await app.fetch(new Request(`http://127.0.0.1${path}`, init)),
  };
}

/** A healthy state: running, migrated, connected, caught up. */
export function makeReady({ telemetry }: Subject): void {
  telemetry.pipelineStarted();
  telemetry.database.migrated();
  telemetry.stream.connected({ endpoint: { source: "h/subscribe", protocol: "v1" } });
}
