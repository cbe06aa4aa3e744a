/** A live stream and an archive at one address, as a Jetstream server has them. */

const ARCHIVE = /^[A-Z]+ \/xrpc\/network\.bsky\.jetstream\.(planSnapshot|getSegment|getBlock)\b/;

/** Forwards each connection by the path of its first request. */
export class OneOrigin implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #conns = new Set<Deno.Conn>();
  readonly #passing: Promise<unknown>[] = [];
  readonly #accepting: Promise<void>;
  readonly #ports: { readonly live: number; readonly archive: number };

  constructor(ports: { readonly live: number; readonly archive: number }) {
    this.#ports = ports;
    this.#accepting = this.#accept();
  }

  /** Address of the v2 stream, and so of the archive beside it. */
  get v2Url(): string {
    const { port } = this.#listener.addr as Deno.NetAddr;
    return `ws://127.0.0.1:${port}/xrpc/network.bsky.jetstream.subscribeEvents`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) close(conn);
    await this.#accepting;
    await Promise.allSettled(this.#passing);
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) this.#passing.push(this.#pass(conn));
    } catch {
      // The listener was closed.
    }
  }

  async #pass(conn: Deno.Conn): Promise<void> {
    this.#conns.add(conn);
    const head = new Uint8Array(4096);
    const count = await conn.read(head).catch(() => null) ?? 0;
    const isArchive = ARCHIVE.test(new TextDecoder().decode(head.subarray(0, count)));
    const port = isArchive ? this.#ports.archive : this.#ports.live;
    const target = await Deno.connect({ hostname: "127.0.0.1", port });
    this.#conns.add(target);
    for (let at = 0; at < count;) at += await target.write(head.subarray(at, count));
    // When either end closes, the other one is closed too.
    const ways = [conn.readable.pipeTo(target.writable), target.readable.pipeTo(conn.writable)];
    await Promise.allSettled(ways);
    for (const each of [conn, target]) {
      this.#conns.delete(each);
      close(each);
    }
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}
