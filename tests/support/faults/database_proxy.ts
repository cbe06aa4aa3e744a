/**
 * A TCP proxy in front of a real database, which fails on request like a network. Each fault
 * says whether it has happened: one that never did proves nothing.
 */

import { writeAll } from "../../../lib/byte_stream.ts";

/** A requested fault. */
export interface Fault {
  /** Whether it has happened. */
  readonly hasFired: boolean;
  /** Resolves when it happens. */
  readonly fired: Promise<void>;
}

interface Link {
  readonly client: Deno.Conn;
  readonly server: Deno.Conn;
}

type Side = "client" | "server";

class OrderedFault implements Fault {
  readonly #done = Promise.withResolvers<void>();
  hasFired = false;

  get fired(): Promise<void> {
    return this.#done.promise;
  }

  fire(): void {
    this.hasFired = true;
    this.#done.resolve();
  }
}

export class DatabaseProxy implements AsyncDisposable {
  /** The URL of the database through the proxy. Without TLS, because the proxy reads the server's messages. */
  readonly url: string;
  readonly #listener: Deno.TcpListener;
  #target: { hostname: string; port: number };
  readonly #links = new Set<Link>();
  readonly #running = new Set<Promise<void>>();
  #accepted = 0;
  #delayMs = 0;
  #hang: { fault: OrderedFault; over: PromiseWithResolvers<void> } | null = null;
  #lostCommit: { fault: OrderedFault; then: "cut" | "hang" } | null = null;
  #refused: OrderedFault | null = null;

  private constructor(listener: Deno.TcpListener, databaseUrl: string) {
    this.#target = targetOf(databaseUrl);
    const seen = new URL(databaseUrl);
    seen.hostname = "127.0.0.1";
    seen.port = String(listener.addr.port);
    seen.searchParams.set("sslmode", "disable");
    this.url = seen.href;
    this.#listener = listener;
    this.#track(this.#accept());
  }

  /** Starts a proxy on a free port of 127.0.0.1. */
  static start(databaseUrl: string): DatabaseProxy {
    return new DatabaseProxy(Deno.listen({ hostname: "127.0.0.1", port: 0 }), databaseUrl);
  }

  /** Leads new connections to another database from now on, and keeps existing ones. */
  redirect(databaseUrl: string): void {
    this.#target = targetOf(databaseUrl);
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** Connections that were ever accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /**
   * Passes no data from now on, in either direction; connections stay open. Fires at the first data
   * that is held back.
   */
  hang(): Fault {
    this.#hang ??= { fault: new OrderedFault(), over: Promise.withResolvers() };
    return this.#hang.fault;
  }

  /** Ends `hang`, `refuse` and `delay`. Held data is passed on. */
  heal(): void {
    this.#hang?.over.resolve();
    this.#hang = null;
    this.#refused = null;
    this.#delayMs = 0;
  }

  /** Delays all data, in both directions. */
  delay(milliseconds: number): void {
    this.#delayMs = milliseconds;
  }

  /** Closes every connection now. Fires if there was one. */
  cut(): Fault {
    const fault = new OrderedFault();
    if (this.#links.size > 0) fault.fire();
    for (const link of this.#links) closeLink(link);
    return fault;
  }

  /**
   * Closes new connections at once, and also the existing ones, unless those are
   * kept: the database is unavailable, or accepts no more. Fires at the first new one.
   */
  refuse(existing: "cut" | "keep" = "cut"): Fault {
    this.#refused = new OrderedFault();
    if (existing === "cut") this.cut();
    return this.#refused;
  }

  /**
   * The next COMMIT succeeds, but its answer never arrives: the connection is closed instead, or
   * hangs.
   */
  loseCommit(then: "cut" | "hang" = "cut"): Fault {
    this.#lostCommit = { fault: new OrderedFault(), then };
    return this.#lostCommit.fault;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.heal();
    this.#listener.close();
    this.cut();
    await Promise.all(this.#running);
  }

  #track(task: Promise<void>): void {
    const tracked = task.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#accepted += 1;
      if (this.#refused !== null) {
        this.#refused.fire();
        client.close();
      } else {
        this.#track(this.#connect(client));
      }
    }
  }

  async #connect(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect(this.#target).catch(() => null);
    if (server === null) return client.close();
    client.setNoDelay(true);
    server.setNoDelay(true);
    const link: Link = { client, server };
    this.#links.add(link);
    await Promise.allSettled([this.#forward(link, "client"), this.#forward(link, "server")]);
    this.#links.delete(link);
  }

  async #forward(link: Link, from: Side): Promise<void> {
    const [source, target] = from === "client"
      ? [link.client, link.server]
      : [link.server, link.client];
    const commits = new CommitFinder();
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const read = await source.read(buffer);
        if (read === null) return;
        const data = buffer.slice(0, read);
        if (this.#delayMs > 0) await new Promise((done) => setTimeout(done, this.#delayMs));
        await this.#holdBack();
        if (from === "server") {
          const commit = commits.find(data);
          if (commit !== null && this.#lostCommit !== null) {
            const { fault, then } = this.#lostCommit;
            this.#lostCommit = null;
            await writeAll(target, data.subarray(0, commit));
            if (then === "hang") this.hang();
            fault.fire();
            if (then === "cut") return;
            await this.#holdBack();
            return;
          }
        }
        await writeAll(target, data);
      }
    } finally {
      closeLink(link);
    }
  }

  async #holdBack(): Promise<void> {
    while (this.#hang !== null) {
      this.#hang.fault.fire();
      await this.#hang.over.promise;
    }
  }
}

/** Finds `CommandComplete` of COMMIT among the messages of the server, in parts of any length. */
class CommitFinder {
  static readonly #COMMIT = new TextEncoder().encode("COMMIT\0");
  #pending: Uint8Array = new Uint8Array(0);

  /** Where in the data the answer begins; 0 when it began in earlier data. Null without one. */
  find(data: Uint8Array): number | null {
    const before = this.#pending.length;
    const all = new Uint8Array(before + data.length);
    all.set(this.#pending);
    all.set(data, before);
    const view = new DataView(all.buffer);
    let at = 0;
    let found: number | null = null;
    while (at + 5 <= all.length) {
      const end = at + 1 + view.getUint32(at + 1);
      if (end > all.length) break;
      const body = all.subarray(at + 5, end);
      const isCommit = all[at] === 0x43 && body.length === CommitFinder.#COMMIT.length &&
        body.every((byte, index) => byte === CommitFinder.#COMMIT[index]);
      if (isCommit) found ??= Math.max(0, at - before);
      at = end;
    }
    this.#pending = all.slice(at);
    return found;
  }
}

function targetOf(databaseUrl: string): { hostname: string; port: number } {
  const { hostname, port } = new URL(databaseUrl);
  return { hostname, port: Number(port || 5432) };
}

function closeLink({ client, server }: Link): void {
  for (const side of [client, server]) {
    try {
      side.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}
