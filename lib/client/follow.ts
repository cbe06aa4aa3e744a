import { type Clock, systemClock } from "./clock.ts";
import { Compression, type FetchDictionary } from "./compression.ts";
import type { Endpoint } from "./endpoint.ts";
import { EndpointList } from "./failover.ts";
import { CursorTooOldError, InvalidRequestError } from "./failure.ts";
import { HandshakeRefusedError } from "./handshake.ts";
import type { Heard, Message, Skipping } from "./heard.ts";
import type { Notice, Observer } from "./observer.ts";
import { OriginTracker } from "./origin.ts";
import type { Flow } from "./queue.ts";
import { readStream } from "./reader.ts";
import { Reconnecting, type ReconnectSettings } from "./reconnecting.ts";
import { classifyRefusal } from "./refusal.ts";
import { chooseStart, type ResumePoint, type Start } from "./resume.ts";
import { endingError, failure, type Setback } from "./setback.ts";
import { StreamJudge } from "./stream_judge.ts";
import { type Filter, subscriptionTo } from "./subscription.ts";
import { JetstreamSocket } from "./websocket.ts";

export interface FollowOptions {
  /** In the order of preference; at least one. */
  readonly endpoints: readonly Endpoint[];
  readonly filter: Filter;
  /** Ask for zstd frames where the server has them. */
  readonly compress: boolean;
  /** For v2 with compression; without it v2 is read plain. */
  readonly fetchDictionary?: FetchDictionary | null;
  /** Where to go on; asked before every connection. Null as long as nothing is committed. */
  readonly resumePoint: () => ResumePoint | null;
  /** Cursor to begin at while `resumePoint` has none, sent as it is; null for the live tip. */
  readonly startCursor?: string | null;
  /**
   * Takes a message, at once and without waiting, and tells where it stands. The client has no
   * other way to see progress, so this should tell a position for every message that has one, foreign
   * ones included.
   *
   * It also tells what the server says about the stream itself, by its code: the `error` of an error frame
   * (`ConsumerTooSlow`, `FutureCursor`, …), the `name` of an info message (`OutdatedCursor`), and
   * `UnknownZstdDictionary` when a frame needs a dictionary that the decoder does not have.
   */
  readonly receive: (message: Message, endpoint: Endpoint) => Heard;
  /** As `receive`, without taking the message: lets a wrong beginning be seen before it is taken. */
  readonly peek?: ((message: Message, endpoint: Endpoint) => Heard) | null;
  /** Messages that `receive` need not see one by one, because they are foreign. */
  readonly skipping?: Skipping | null;
  readonly flow: Flow;
  readonly reconnect: ReconnectSettings;
  readonly idleTimeoutMs: number;
  readonly observer?: Observer;
  /** Certificates (PEM) trusted besides those of the system. */
  readonly caCerts?: readonly string[];
  readonly clock?: Clock;
  /** A number in [0, 1). */
  readonly random?: () => number;
  readonly signal: AbortSignal;
}

/** A connection that stood for as long as the longest usual wait is no hot loop when it drops. */
const STEADY_MS = 30_000;

/**
 * Reads the live stream until `signal` aborts: connects, reads, comes back after every failure, and
 * changes to another endpoint when one is dead or behind. Delivers at least once, in the order of the server,
 * and goes on where `resumePoint` says.
 *
 * Returns when `signal` aborts, leaving no socket and no timer.
 *
 * @throws {CursorTooOldError} when a server has no live events so old: replay the archive, then call again
 * @throws {InvalidRequestError} when no server takes the request
 * @throws {ReconnectLimitError} after `maxAttempts` failures in a row
 * @throws whatever `receive` throws
 */
export async function follow(options: FollowOptions): Promise<void> {
  try {
    await new Follower(options).run();
  } catch (error) {
    if (!options.signal.aborted || error !== options.signal.reason) throw error;
  }
}

class Follower {
  readonly #options: FollowOptions;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #endpoints: EndpointList;
  readonly #origin: OriginTracker;
  readonly #compression: Compression;
  readonly #reconnecting: Reconnecting;
  #lastSource: string | null = null;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#observer = options.observer ?? {};
    this.#endpoints = new EndpointList(options.endpoints, this.#clock);
    this.#origin = new OriginTracker(options.resumePoint, options.startCursor ?? null);
    this.#compression = new Compression(
      options.compress,
      options.fetchDictionary ?? null,
      this.#notice,
      this.#clock,
    );
    this.#reconnecting = new Reconnecting({
      settings: options.reconnect,
      observer: this.#observer,
      clock: this.#clock,
      random: options.random ?? Math.random,
    });
  }

  async run(): Promise<never> {
    const { flow, signal } = this.#options;
    for (;;) {
      await flow.whenOpen(signal);
      const endpoint = this.#endpoints.current();
      if (endpoint === null) throw new Error("cannot connect: got no server that is not excluded");
      const setback = await this.#attempt(endpoint);
      if (setback === null) continue;
      if (setback.failed) this.#endpoints.rest(endpoint);
      await this.#reconnecting.waitAfter(setback, endpoint, signal);
    }
  }

  /** One connection, from its cursor to its end. */
  async #attempt(endpoint: Endpoint): Promise<Setback | null> {
    const { filter, signal, caCerts = [] } = this.#options;
    const zstd = await this.#compression.choose(endpoint, signal);
    const nowUs = this.#nowUs();
    const start = chooseStart(endpoint, this.#origin.originFor(endpoint, nowUs), nowUs);
    if (start.notice !== null) this.#notice(start.notice, endpoint);
    let socket: JetstreamSocket;
    try {
      const subscription = subscriptionTo(endpoint, { filter, cursor: start.cursor, zstd });
      socket = await JetstreamSocket.open(subscription, { signal, caCerts, clock: this.#clock });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof HandshakeRefusedError) {
        return this.#refused(endpoint, start, zstd !== null, error);
      }
      return failure(error instanceof Error ? error : new Error(String(error)));
    }
    this.#connected(endpoint, start);
    return await this.#read(endpoint, start, socket);
  }

  async #read(endpoint: Endpoint, start: Start, socket: JetstreamSocket): Promise<Setback | null> {
    const { flow, signal, idleTimeoutMs, receive, peek = null, skipping = null, filter } =
      this.#options;
    const judge = new StreamJudge({
      endpoint,
      expectation: start.expectation,
      byAccount: filter.dids.length > 0,
      clock: this.#clock,
      endpoints: this.#endpoints,
      origin: this.#origin,
      compression: this.#compression,
      onNotice: this.#notice,
      onUseful: () => this.#useful(endpoint),
    });
    const ending = await readStream({
      socket,
      endpoint,
      flow,
      clock: this.#clock,
      signal,
      idleTimeoutMs,
      receive,
      peek,
      skipping,
      onFirst: judge.onFirst,
      onProgress: judge.onProgress,
      onStreamNotice: judge.onStreamNotice,
      onPause: judge.onPause,
      onNotice: (notice) => this.#notice(notice, endpoint),
    });
    this.#observer.disconnected?.({ endpoint, ending });
    signal.throwIfAborted();
    const error = endingError(ending);
    if (error === null) return null;
    const steady = judge.ageMs >= STEADY_MS && ending.kind !== "idle";
    return { error, failed: !judge.useful && !steady, leastWaitMs: 0 };
  }

  #connected(endpoint: Endpoint, start: Start): void {
    this.#origin.connected(this.#nowUs());
    const { failures } = this.#reconnecting;
    this.#observer.connected?.({ endpoint, cursor: start.cursor, failures });
    if (this.#lastSource !== null && this.#lastSource !== endpoint.source) {
      const message = `reading ${endpoint.source} after ${this.#lastSource}`;
      this.#notice({ code: "source_changed", message }, endpoint);
    }
    this.#lastSource = endpoint.source;
  }

  #useful(endpoint: Endpoint): void {
    this.#reconnecting.succeeded();
    this.#compression.worked(endpoint);
  }

  /** What a refusal leads to: another try at once, a wait, or the end. */
  #refused(
    endpoint: Endpoint,
    start: Start,
    compressed: boolean,
    error: HandshakeRefusedError,
  ): Setback | null {
    const refusal = classifyRefusal(endpoint, error);
    switch (refusal.kind) {
      case "cursor_too_old":
        throw new CursorTooOldError(endpoint.source, start.cursor, refusal.message);
      case "unknown_dictionary":
        if (!compressed) return failure(new Error(refusal.message, { cause: error }));
        this.#compression.dictionaryRefused(endpoint);
        return null;
      case "invalid_request":
        // A v1 server tells in text why, so it may be the compression: without it, it shows.
        if (compressed && endpoint.protocol === "v1") {
          this.#compression.giveUp(endpoint, refusal.message);
          return null;
        }
        this.#endpoints.exclude(endpoint);
        if (this.#endpoints.current() === null) {
          throw new InvalidRequestError(endpoint.source, refusal.message);
        }
        this.#notice({ code: "source_excluded", message: refusal.message }, endpoint);
        return null;
      case "unavailable":
        return failure(new Error(refusal.message, { cause: error }), refusal.retryAfterMs ?? 0);
    }
  }

  #nowUs(): number {
    return this.#clock.now() * 1000;
  }

  readonly #notice = (notice: Notice, endpoint: Endpoint): void => {
    this.#observer.notice?.({ ...notice, endpoint });
  };
}
