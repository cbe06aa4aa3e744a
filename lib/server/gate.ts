/**
 * Lets connections in: at most so many at one time, for at most so long each. When all places are
 * taken, one whose request is not whole yet gives way: the oldest of the client that holds the most.
 * So whoever has sent a whole request is answered, and a crowd of slow ones never keeps a quick one
 * out. `limits.ts` bounds how many requests are worked on, so that there always are some that can
 * give way.
 */

import { Connection, type ConnectionOptions, type ConnectionState } from "./connection.ts";

export interface GateOptions extends ConnectionOptions {
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

/** After so many errors in a row the port is opened anew. */
const MAX_FAILURES = 20;

/** A full backlog would starve timers: `accept` of one that is there takes no turn. */
const YIELD_MS = 10;

/** Who gives way, in this order. A client whose answer we work on never does. */
const GIVING_WAY: readonly (readonly ConnectionState[])[] = [["receiving", "leaving"], ["sending"]];

export class Gate {
  readonly #options: GateOptions;
  /** In the order of their arrival, those that are closing included. */
  readonly #connections = new Set<Connection>();
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;
  #listener: Deno.TcpListener;
  #failures = 0;

  /** Opens at once. */
  constructor(options: GateOptions) {
    this.#options = options;
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
        this.#admit(connection);
      } catch (error) {
        if (!signal.aborted && !isClientGone(error)) await this.#recover(error);
      }
      if (performance.now() - yieldedAt > YIELD_MS) {
        await pause(0, signal);
        yieldedAt = performance.now();
      }
      while (this.size >= this.#options.maxConnections + MAX_CLOSING) {
        await Promise.race([...this.#connections].map(({ finished }) => finished));
      }
    }
  }

  #admit(accepted: Deno.TcpConn): void {
    const open = [...this.#connections].filter(({ isCut }) => !isCut);
    if (open.length >= this.#options.maxConnections && !makeRoom(open)) return accepted.close();
    const connection = new Connection(accepted, this.#options);
    this.#connections.add(connection);
    void connection.finished.then(() => this.#connections.delete(connection));
  }

  async #recover(error: unknown): Promise<void> {
    if (++this.#failures === 1) this.#options.failed(error);
    makeRoom([...this.#connections].filter(({ isCut }) => !isCut));
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

/** Cuts the connection that has to give way. False: there is none. */
function makeRoom(open: readonly Connection[]): boolean {
  for (const states of GIVING_WAY) {
    const candidates = open.filter(({ state }) => states.includes(state));
    let busiest: readonly Connection[] = [];
    for (const connections of Map.groupBy(candidates, ({ client }) => client).values()) {
      if (connections.length > busiest.length) busiest = connections;
    }
    const [oldest] = busiest;
    if (oldest === undefined) continue;
    oldest.cut();
    return true;
  }
  return false;
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
