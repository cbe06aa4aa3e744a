/**
 * Stands before `Deno.serve`, which has no limit of its own on connections, idle ones, or slow ones:
 * measured on 2.4.2 and 2.9.6, a socket that sends nothing, half a header or a byte a second is
 * held for as long as it likes, and each costs a file descriptor that the stream and the database
 * need. The gate passes bytes on to the real server, of at most so many connections, for at most so
 * long each. When all places are taken the oldest connection of the busiest address gives way, so
 * that a crowd of slow ones never keeps a quick one out.
 */

import { Passage, type PassageLimits } from "./passage.ts";

export interface GateOptions extends PassageLimits {
  /** Where connections come from. The gate closes it. */
  readonly listener: Deno.TcpListener;
  /** Port of the real server, on the loopback interface. */
  readonly innerPort: number;
  readonly maxConnections: number;
}

/** After an error of `accept` that is not ours: most likely there is no descriptor left. */
const ACCEPT_PAUSE_MS = 100;

export class Gate {
  readonly #options: GateOptions;
  /** In the order of their arrival. */
  readonly #passages = new Set<Passage>();
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;

  /** Opens at once. */
  constructor(options: GateOptions) {
    this.#options = options;
    this.#accepting = this.#accept();
  }

  /** Connections that are open now. */
  get size(): number {
    return this.#passages.size;
  }

  /** Takes no more connections, gives requests that are under way so long, then closes all. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#options.listener.close();
    await this.#accepting;
    for (const passage of this.#passages) {
      if (passage.started) passage.endWithin(graceMs);
      else passage.cut();
    }
    await Promise.all([...this.#passages].map((passage) => passage.finished));
  }

  async #accept(): Promise<void> {
    const { listener } = this.#options;
    while (!this.#closing.signal.aborted) {
      const client = await listener.accept().catch(() => null);
      if (client !== null) this.#admit(client);
      else if (!this.#closing.signal.aborted) await pause(ACCEPT_PAUSE_MS, this.#closing.signal);
    }
  }

  #admit(client: Deno.TcpConn): void {
    if (this.size >= this.#options.maxConnections) this.#makeRoom();
    const passage = new Passage(client, this.#options.innerPort, this.#options);
    this.#passages.add(passage);
    void passage.finished.then(() => this.#passages.delete(passage));
  }

  #makeRoom(): void {
    const byAddress = Map.groupBy(this.#passages, ({ address }) => address);
    let busiest: readonly Passage[] = [];
    for (const passages of byAddress.values()) {
      if (passages.length > busiest.length) busiest = passages;
    }
    const oldest = busiest[0];
    if (oldest === undefined) return;
    oldest.cut();
    this.#passages.delete(oldest);
  }
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
