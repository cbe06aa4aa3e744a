/**
 * Lets connections in: at most so many at one time, for at most so long each. When all places are
 * taken the next one waits until another gives way, so that whoever has sent a whole request is
 * answered, and a crowd of slow ones never keeps a quick one out. `limits.ts` bounds how many
 * requests are worked on at one time, so that there always are some that can give way.
 */

import { Connection, type ConnectionOptions } from "./connection.ts";
import { whoGivesWay } from "./eviction.ts";

export interface ConnectionLimiterOptions extends ConnectionOptions {
  /** Opens the port, again when it was lost. */
  readonly listen: () => Deno.TcpListener;
  readonly maxConnections: number;
  /** Told when no connection can be taken, once until one can. */
  readonly failed: (error: unknown) => void;
}

/** Connections that were told to close and are not closed yet hold a descriptor each. */
const MAX_CLOSING = 32;

/** After an error of `accept`: most likely there is no descriptor left. */
const ACCEPT_PAUSE_MS = 100;

/** Where no descriptor was left, so many are kept free: stream and database need some too. */
const SPARE_DESCRIPTORS = 16;
const MIN_PLACES = 8;

/** After so many errors in a row the port is opened anew. */
const MAX_FAILURES = 20;

/** A full backlog would starve timers: `accept` of one that is there takes no turn. */
const YIELD_MS = 10;

/** How often somebody is looked for who gives way. */
const ROOM_PAUSE_MS = 5;

export class ConnectionLimiter {
  readonly #options: ConnectionLimiterOptions;
  /** In the order of their arrival, those that are closing included. */
  readonly #connections = new Set<Connection>();
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;
  #listener: Deno.TcpListener;
  #failures = 0;
  /** Fewer than the options say where the process may not have so many descriptors. */
  #places: number;

  /** Opens at once. */
  constructor(options: ConnectionLimiterOptions) {
    this.#options = options;
    this.#places = options.maxConnections;
    this.#listener = options.listen();
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Connections that are open now. */
  get size(): number {
    return this.#connections.size;
  }

  /** Takes no more connections, gives requests that are under way so long, then closes all. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#closeListener();
    await this.#accepting;
    for (const connection of this.#connections) connection.endWithin(graceMs);
    await Promise.all([...this.#connections].map(({ finished }) => finished));
  }

  async #accept(): Promise<void> {
    const { signal } = this.#closing;
    let yieldedAt = performance.now();
    while (!signal.aborted) {
      try {
        const connection = await this.#listener.accept();
        this.#failures = 0;
        await this.#room();
        this.#admit(connection);
      } catch (error) {
        if (!signal.aborted && !isClientGone(error)) await this.#recover(error);
      }
      if (performance.now() - yieldedAt > YIELD_MS) {
        await pause(0, signal);
        yieldedAt = performance.now();
      }
    }
  }

  /** Waits until there is a place. */
  async #room(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && this.#open.length >= this.#places) {
      if (!await this.#makeRoom()) await pause(ROOM_PAUSE_MS, signal);
    }
    while (this.size >= this.#places + MAX_CLOSING) {
      await Promise.race([...this.#connections].map(({ finished }) => finished));
    }
  }

  get #open(): readonly Connection[] {
    return [...this.#connections].filter(({ isCut }) => !isCut);
  }

  /** Cuts the one that gives way. False: nobody did. */
  async #makeRoom(): Promise<boolean> {
    const choose = (): Connection | null =>
      whoGivesWay(this.#open, this.#places, performance.now());
    const one = choose();
    if (one === null) return false;
    // Its request may have come, and not been read because we were busy.
    await pause(0, this.#closing.signal);
    if (choose() !== one) return false;
    one.cut();
    return true;
  }

  #admit(accepted: Deno.TcpConn): void {
    const connection = new Connection(accepted, this.#options);
    this.#connections.add(connection);
    void connection.finished.then(() => this.#connections.delete(connection));
  }

  async #recover(error: unknown): Promise<void> {
    if (++this.#failures === 1) this.#options.failed(error);
    if (hasNoDescriptor(error)) {
      this.#places = Math.max(MIN_PLACES, Math.min(this.#places, this.size - SPARE_DESCRIPTORS));
      await this.#makeRoom();
    }
    await pause(ACCEPT_PAUSE_MS, this.#closing.signal);
    if (this.#closing.signal.aborted) return;
    if (!(error instanceof Deno.errors.BadResource) && this.#failures % MAX_FAILURES !== 0) return;
    this.#closeListener();
    try {
      this.#listener = this.#options.listen();
    } catch {
      // Somebody else has the port now; the next `accept` fails, and it is tried again.
    }
  }

  #closeListener(): void {
    try {
      this.#listener.close();
    } catch {
      // It was closed already.
    }
  }
}

function hasNoDescriptor(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}

/** The client had closed before we took its connection. */
function isClientGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
