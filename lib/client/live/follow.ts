import { type Clock, systemClock } from "../clock.ts";
import { type AttemptEnd, connectionEnd, notConnected } from "./attempt_end.ts";
import { Compression } from "./compression.ts";
import type { Endpoint } from "../endpoint.ts";
import { EndpointList } from "./endpoint_list.ts";
import { CursorTooOldError, InvalidRequestError } from "./stream_error.ts";
import type { FollowOptions } from "./follow_options.ts";
import { HandshakeRefusedError } from "../socket/handshake.ts";
import type { Notice, Observer } from "./stream_observer.ts";
import { ResumeTracker } from "./resume_tracker.ts";
import { readStream } from "./stream_reader.ts";
import { Reconnecting } from "./reconnecting.ts";
import { classifyRefusal } from "./handshake_refusal.ts";
import { chooseStart, type Start } from "./resume_point.ts";
import { isV1RequestError } from "../server_message.ts";
import { ConnectionMonitor } from "./connection_monitor.ts";
import { subscriptionTo } from "../subscription.ts";
import { UndecodableRun } from "./undecodable_run.ts";
import { JetstreamSocket } from "../socket/websocket.ts";

/**
 * Reads the live stream until `signal` aborts: connects, reads, reconnects after every failure, and changes
 * to another endpoint when one is dead or behind. Delivers at least once, in the server's order, and resumes
 * at `resumePoint`.
 *
 * Returns when `signal` aborts, leaving no socket and no timer.
 *
 * @throws {CursorTooOldError} when a server no longer has such old live events: replay the archive, then call
 * again
 * @throws {InvalidRequestError} when every server refuses the request
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
  readonly #origin: ResumeTracker;
  readonly #compression: Compression;
  readonly #reconnecting: Reconnecting;
  readonly #undecodable = new Map<Endpoint, UndecodableRun>();
  #lastSource: string | null = null;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#observer = options.observer ?? {};
    this.#endpoints = new EndpointList(options.endpoints, this.#clock);
    this.#origin = new ResumeTracker(options.resumePoint, options.startCursor ?? null);
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
      const end = await this.#attempt(endpoint);
      if (end === null) continue;
      if (end.failed) this.#endpoints.rest(endpoint);
      else this.#endpoints.connectionEnded(endpoint, end.steady);
      if (end.retryAfterMs > 0) this.#endpoints.defer(endpoint, end.retryAfterMs);
      await this.#reconnecting.waitAfter(end, endpoint, this.#endpoints.notBeforeMs, signal);
    }
  }

  /** One connection, from its cursor to its end. */
  async #attempt(endpoint: Endpoint): Promise<AttemptEnd | null> {
    const { filter, signal, caCerts = [] } = this.#options;
    const zstd = await this.#compression.choose(endpoint, signal);
    const nowUs = this.#nowUs();
    const start = chooseStart(endpoint, this.#origin.resumeStateFor(endpoint, nowUs), nowUs);
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
      return notConnected(error instanceof Error ? error : new Error(String(error)));
    }
    this.#connected(endpoint, start);
    return await this.#read(endpoint, start, socket);
  }

  async #read(
    endpoint: Endpoint,
    start: Start,
    socket: JetstreamSocket,
  ): Promise<AttemptEnd | null> {
    const { flow, signal, idleTimeoutMs, quietMs = 0, receive, peek = null, skipping = null } =
      this.#options;
    const byAccount = this.#options.filter.dids.length > 0;
    const judge = new ConnectionMonitor({
      endpoint,
      expectation: start.expectation,
      byAccount,
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
      // Chosen accounts may publish nothing for days.
      quietMs: byAccount ? 0 : quietMs,
      undecodable: this.#undecodableOf(endpoint),
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
    // A filter that was sent as a message is refused by closing the connection.
    if (ending.kind === "closed" && isV1RequestError(ending.reason)) {
      return this.#wrongRequest(endpoint, ending.reason);
    }
    const end = connectionEnd(ending, judge.ageMs, judge.useful);
    if (end !== null && (ending.kind === "quiet" || ending.kind === "undecodable")) {
      const message = `left ${endpoint.source}: ${end.error.message}`;
      this.#notice({ code: `${ending.kind}_stream`, message }, endpoint);
    }
    return end;
  }

  #undecodableOf(endpoint: Endpoint): UndecodableRun {
    const run = this.#undecodable.get(endpoint) ?? new UndecodableRun();
    this.#undecodable.set(endpoint, run);
    return run;
  }

  #connected(endpoint: Endpoint, start: Start): void {
    this.#origin.connected(this.#nowUs());
    this.#endpoints.admit(endpoint);
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
    this.#undecodableOf(endpoint).passed();
    this.#observer.useful?.({ endpoint });
  }

  /** How to react to a refusal: retry at once, wait, or stop. */
  #refused(
    endpoint: Endpoint,
    start: Start,
    compressed: boolean,
    error: HandshakeRefusedError,
  ): AttemptEnd | null {
    const refusal = classifyRefusal(endpoint, error, this.#clock.now());
    switch (refusal.kind) {
      case "cursor_too_old":
        if (this.#origin.outlived(endpoint, this.#nowUs())) {
          this.#notice({ code: "cursor_aged_out", message: refusal.message }, endpoint);
          return null;
        }
        throw new CursorTooOldError(endpoint.source, start.cursor, refusal.message);
      case "unknown_dictionary":
        if (!compressed) return notConnected(new Error(refusal.message), true);
        this.#compression.dictionaryRefused(endpoint);
        return null;
      case "invalid_request":
        // A v1 server gives its reason as text only, so compression may be the cause: retrying without it
        // shows that.
        if (compressed && endpoint.protocol === "v1") {
          this.#compression.giveUp(endpoint, refusal.message);
          return null;
        }
        return this.#wrongRequest(endpoint, refusal.message);
      case "unavailable":
        return notConnected(new Error(refusal.message), true, refusal.retryAfterMs);
    }
  }

  /** The server says that the request is invalid: it is excluded. Without another server, reading ends. */
  #wrongRequest(endpoint: Endpoint, message: string): null {
    this.#endpoints.exclude(endpoint);
    if (this.#endpoints.current() === null) throw new InvalidRequestError(endpoint.source, message);
    this.#notice({ code: "source_excluded", message }, endpoint);
    return null;
  }

  #nowUs(): number {
    return this.#clock.now() * 1000;
  }

  readonly #notice = (notice: Notice, endpoint: Endpoint): void => {
    this.#observer.notice?.({ ...notice, endpoint });
  };
}
