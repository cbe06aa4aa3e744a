/**
 * Accepts connections: a limited number at a time, each for a limited time. When all slots are taken, the
 * next connection waits until another is evicted, so that every complete request is answered, and many slow
 * clients never keep a quick one out. `request_limits.ts` bounds how many requests are answered at a time, so
 * that some connections can always be evicted.
 */

import { Connection, type ConnectionOptions } from "./connection.ts";
import { occupantToEvict } from "./eviction.ts";

export interface ConnectionLimiterOptions extends ConnectionOptions {
  /** Opens the port, again after it was lost. */
  readonly listen: () => Deno.TcpListener;
  readonly maxConnections: number;
  /** Called when no connection can be accepted, once until one can. */
  readonly failed: (error: unknown) => void;
}

/** Connections that were asked to close and are not closed yet hold a descriptor each. */
const MAX_CLOSING = 32;

/** Pause after an error of `accept`: most likely there is no descriptor left. */
const ACCEPT_PAUSE_MS = 100;

/** After descriptors ran out, this many are kept free for stream and database. */
const SPARE_DESCRIPTORS = 16;
const MIN_PLACES = 8;

/** After this many errors in a row the port is opened again. */
const MAX_FAILURES = 20;

/** A full backlog would starve timers: accepting a waiting connection takes no event loop turn. */
const YIELD_MS = 10;

/** How often an eviction is attempted. */
const ROOM_PAUSE_MS = 5;

export class ConnectionLimiter {
  readonly #options: ConnectionLimiterOptions;
  /** In order of arrival, including those that are closing. */
  readonly #connections = new Set<Connection>();
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;
  #listener: Deno.TcpListener;
  #failures = 0;
  /** Fewer than the options say when the process has too few descriptors. */
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

  /** Number of open connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Accepts no more connections, gives running requests `graceMs`, then closes all. */
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

  /** Waits until there is a free slot. */
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

  /** Evicts one connection. False: none could be. */
  async #makeRoom(): Promise<boolean> {
    const choose = (): Connection | null =>
      occupantToEvict(this.#open, this.#places, performance.now());
    const one = choose();
    if (one === null) return false;
    // Its request may have arrived but was not read because we were busy.
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
      // Another process has the port now; the next `accept` fails and is retried.
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

/** The client had closed before its connection was accepted. */
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
