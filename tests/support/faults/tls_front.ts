/**
 * TLS in front of a database that has none. It answers the request for TLS itself and passes the
 * rest to a TLS listener on the same machine, because Deno can't turn an accepted connection into
 * one.
 */

import type { Certificate } from "../certificates.ts";

/** The answer to a client's request for TLS; `smuggle` adds unencrypted data to the consent. */
export type TlsAnswer = "yes" | "no" | "smuggle";

const SSL_REQUEST_BYTES = 8;

/** The first byte of TLS without a request; only for clients that name the protocol. */
const HANDSHAKE = 22;
const PROTOCOL = "postgresql";

export class TlsFront implements AsyncDisposable {
  readonly port: number;
  /** Connections that finished the TLS handshake. */
  encrypted = 0;
  /** Those of them that began with TLS. */
  direct = 0;
  /** Connections without TLS that were passed on. */
  plain = 0;
  readonly #front: Deno.TcpListener;
  readonly #inner: Deno.TlsListener;
  readonly #answer: TlsAnswer;
  readonly #target: Deno.ConnectOptions;
  readonly #open = new Set<Deno.Conn>();
  readonly #running = new Set<Promise<void>>();

  constructor(databaseUrl: string, certificate: Certificate, answer: TlsAnswer = "yes") {
    const { hostname, port } = new URL(databaseUrl);
    this.#target = { hostname, port: Number(port || 5432) };
    this.#answer = answer;
    this.#front = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#inner = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      alpnProtocols: [PROTOCOL],
      ...certificate,
    });
    this.port = this.#front.addr.port;
    this.#track(this.#serve(this.#front, (client) => this.#greet(client)));
    this.#track(this.#serve(this.#inner, (client) => this.#decrypt(client)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#front.close();
    this.#inner.close();
    for (const connection of this.#open) close(connection);
    await Promise.all(this.#running);
  }

  async #serve<C extends Deno.Conn>(
    listener: AsyncIterable<C>,
    attend: (client: C) => Promise<void>,
  ): Promise<void> {
    for await (const client of listener) this.#track(attend(client).catch(() => close(client)));
  }

  async #greet(client: Deno.Conn): Promise<void> {
    this.#open.add(client);
    const first = new Uint8Array(1024);
    const read = await client.read(first);
    if (read === null) return close(client);
    const inner = { hostname: "127.0.0.1", port: this.#inner.addr.port };
    if (first[0] === HANDSHAKE) {
      this.direct += 1;
      return await this.#pass(client, inner, first.subarray(0, read));
    }
    if (read !== SSL_REQUEST_BYTES) {
      this.plain += 1;
      return await this.#pass(client, this.#target, first.subarray(0, read));
    }
    if (this.#answer === "no") {
      await client.write(new TextEncoder().encode("N"));
      this.plain += 1;
      return await this.#pass(client, this.#target);
    }
    await client.write(new TextEncoder().encode(this.#answer === "yes" ? "S" : "Sunencrypted"));
    await this.#pass(client, inner);
  }

  async #decrypt(client: Deno.TlsConn): Promise<void> {
    this.#open.add(client);
    const { alpnProtocol } = await client.handshake();
    if (alpnProtocol !== PROTOCOL) throw new Error("the client names no protocol");
    this.encrypted += 1;
    await this.#pass(client, this.#target);
  }

  async #pass(client: Deno.Conn, target: Deno.ConnectOptions, first?: Uint8Array): Promise<void> {
    const server = await Deno.connect(target);
    this.#open.add(server);
    if (first !== undefined) await server.write(first);
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
    close(client);
    close(server);
  }

  #track(task: Promise<void>): void {
    const tracked = task.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
