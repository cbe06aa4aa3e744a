/** Compares repositories with their source: a requested one, and those of the queue. */

import type { Clock } from "../client/clock.ts";
import type { Config } from "../config.ts";
import { readWanted } from "../decoder/wanted.ts";
import type { Logger } from "../log/logger.ts";
import { COLLECTIONS } from "../mapper/collections/registry.ts";
import type { ReaderOptions } from "../pds/repository_reader.ts";
import { listRepositories } from "../pds/repository_list.ts";
import { believeDeletion, settleDeletion } from "../reconcile/deletion.ts";
import { fill } from "../reconcile/fill.ts";
import { HostLimiter } from "../reconcile/host_limiter.ts";
import { compareWithSource, reconcile, type ReconcileOptions } from "../reconcile/reconcile.ts";
import { type RunnerOptions, runReconciles } from "../reconcile/runner.ts";
import { believeDeletions } from "../reconcile/unasked_deletions.ts";
import type { Database } from "../repository/connection/database.ts";
import { countFill, type ReconcileResult } from "../repository/reconcile/reconcile_queue.ts";
import { requestNew } from "../repository/reconcile/reconcile_requests.ts";
import type { Sql } from "../repository/connection/sql.ts";
import type { Writer } from "../repository/batch/writer.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";
import type { Decoders } from "./decoders.ts";

export interface ReconcilerOptions {
  readonly config: Config;
  readonly database: Database;
  readonly decoders: Decoders;
  readonly writer: Writer;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** When a database query counts as unanswered, milliseconds. */
  readonly silentMs: number;
}

/** Concurrent repositories per server. */
const OF_A_HOST = 2;

/** Minimum pause for a server that did not answer. */
const REST_MS = 10_000;

/** Limit for a repository that is too large to be read as a whole. */
const LISTED_RECORDS = 200_000;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #reader: ReaderOptions;
  readonly #limiter: HostLimiter;
  #allWanted = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { config: { reconcile: settings, jetstream }, clock } = options;
    const limiter = new HostLimiter({ atOnce: OF_A_HOST, now: () => clock.monotonic() });
    const wanted = readWanted(jetstream.wantedCollections);
    const named = [...COLLECTIONS.map(({ nsid }) => nsid), ...jetstream.wantedCollections];
    this.#reader = {
      ...settings,
      maxRecords: LISTED_RECORDS,
      collections: [...new Set(named)].filter((nsid) =>
        !nsid.endsWith("*") && wanted.matches(nsid)
      ),
      wanted: (collection) => wanted.matches(collection),
      enter: (host) => limiter.enter(host),
      mayAsk: (server) => limiter.check(server),
      rest: (host, ms) => limiter.rest(host, Math.max(ms, REST_MS)),
    };
    this.#limiter = limiter;
  }

  /** Compares one repository. Throws a `SourceError` when its source can't be read. */
  async one(did: string, signal: AbortSignal): Promise<ReconcileResult> {
    return await reconcile(did, this.#writing(), signal);
  }

  #writing(): ReconcileOptions {
    const { database, writer, decoders, clock } = this.#options;
    return {
      reader: this.#reader,
      sql: () => database.sql,
      write: (batch, signal) => writer.write(batch, signal),
      decode: (record) => decoders.source(record),
      now: () => clock.now(),
    };
  }

  /**
   * The differences of one repository. Changes nothing. Throws a `SourceError` when its source can't be read.
   */
  async inspect(did: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { database } = this.#options;
    return await compareWithSource(did, { reader: this.#reader, sql: () => database.sql }, signal);
  }

  /** Queues all repositories, because the stream may have lost events. */
  wantAll(): void {
    this.#allWanted = true;
  }

  /** Queues all repositories that the relay lists, once the stream is followed. Never rejects. */
  async fill(isFollowing: () => boolean, signal: AbortSignal): Promise<void> {
    const { config: { reconcile: settings }, database, silentMs, logger, clock } = this.#options;
    const relay = new URL(settings.relayUrl);
    const ask = <T>(question: (sql: Sql) => Promise<T>): Promise<T> =>
      database.ask(question, { silentMs, signal });
    await fill({
      collections: this.#reader.collections,
      list: (collection, cursor, signal) =>
        listRepositories(relay, collection, cursor, { ...settings, signal }),
      request: (dids) => ask((sql) => requestNew(sql, dids, "rebuild")),
      count: () => ask(countFill),
      isFollowing,
      logger,
      clock,
    }, signal);
  }

  /** Works through the queue until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { config: { reconcile: settings }, telemetry, database, silentMs } = this.#options;
    const believe = (did: string, signal: AbortSignal): Promise<void> =>
      believeDeletion(did, this.#writing(), signal);
    const ended = (result: Parameters<RunnerOptions["ended"]>[0]): void =>
      telemetry.reconciled(result);
    if (!settings.enabled) {
      const ask = <T>(question: (sql: Sql) => Promise<T>): Promise<T> =>
        database.ask(question, { silentMs, signal });
      const days = settings.deletionDays;
      return await believeDeletions({ ...this.#options, ask, days, believe, ended }, signal);
    }
    await runReconciles({
      ...this.#options,
      ...settings,
      busyHosts: () => this.#limiter.busyHosts(),
      reconcile: (did, signal) => this.one(did, signal),
      settleDeletion: (did, signal) => settleDeletion(did, this.#writing(), signal),
      believeDeletion: believe,
      wantAll: () => this.wantAll(),
      takeAllWanted: () => {
        const wanted = this.#allWanted;
        this.#allWanted = false;
        return wanted;
      },
      counted: (counts) => telemetry.reconcilesCounted(counts),
      ended,
    }, signal);
  }
}
