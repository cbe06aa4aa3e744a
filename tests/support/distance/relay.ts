/**
 * A distant database: a TCP relay that counts round trips, or delays the data. Nothing is
 * lost or reordered.
 */

export interface RelayOptions {
  /** How long each way takes, milliseconds. */
  readonly oneWayMs?: number;
  /**
   * Answers are held back until the client has sent nothing for this many turns of the event loop, which is
   * its own too: then it waits for them, and that is one round trip.
   */
  readonly quietTurns?: number;
}

/** Long enough for what was written to be read. */
const TURN_MS = 4;

export class Relay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #target: { readonly hostname: string; readonly port: number };
  readonly #options: RelayOptions;
  readonly #connections = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;
  roundTrips = 0;

  /** Before the server of a database's URL. */
  constructor(url: string, options: RelayOptions) {
    const { hostname, port } = new URL(url);
    this.#target = { hostname, port: Number(port || 5432) };
    this.#options = options;
    this.#serving = this.#serve();
  }

  /** The URL of the same database through the relay. */
  through(url: string): string {
    const relayed = new URL(url);
    relayed.hostname = "127.0.0.1";
    relayed.port = String((this.#listener.addr as Deno.NetAddr).port);
    return relayed.href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const client of this.#listener) served.push(this.#relay(client).catch(() => {}));
    await Promise.all(served);
  }

  async #relay(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect(this.#target);
    client.setNoDelay(true);
    server.setNoDelay(true);
    this.#connections.add(client).add(server);
    let sent = 0;
    const requests = new Line(server, () => this.#options.oneWayMs ?? 0);
    const answers = new Line(client, () => this.#options.oneWayMs ?? 0, async () => {
      const { quietTurns } = this.#options;
      if (quietTurns === undefined) return;
      for (let turns = 0, before = sent; turns < quietTurns; before = sent) {
        await sleep(TURN_MS);
        turns = sent === before ? turns + 1 : 0;
      }
      this.roundTrips++;
    });
    await Promise.allSettled([
      pump(client, (bytes) => {
        sent += bytes.length;
        requests.push(bytes);
      }),
      pump(server, (bytes) => answers.push(bytes)),
    ]);
    for (const connection of [client, server]) {
      this.#connections.delete(connection);
      close(connection);
    }
  }
}

/** One direction: bytes leave in order, each after the delay. */
class Line {
  readonly #to: Deno.Conn;
  readonly #delayMs: () => number;
  readonly #before: () => Promise<void>;
  readonly #waiting: { readonly bytes: Uint8Array; readonly leavesAt: number }[] = [];
  #isSending = false;

  constructor(to: Deno.Conn, delayMs: () => number, before = () => Promise.resolve()) {
    this.#to = to;
    this.#delayMs = delayMs;
    this.#before = before;
  }

  push(bytes: Uint8Array): void {
    this.#waiting.push({ bytes, leavesAt: performance.now() + this.#delayMs() });
    if (!this.#isSending) void this.#send().catch(() => {});
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    await this.#before();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const left = next.leavesAt - performance.now();
      if (left > 0) await sleep(left);
      for (let sent = 0; sent < next.bytes.length;) {
        sent += await this.#to.write(next.bytes.subarray(sent));
      }
    }
    this.#isSending = false;
  }
}

async function pump(from: Deno.Conn, take: (bytes: Uint8Array) => void): Promise<void> {
  for (;;) {
    const buffer = new Uint8Array(64 * 1024);
    const read = await from.read(buffer).catch(() => null);
    if (read === null) break;
    take(buffer.subarray(0, read));
  }
  throw new Error("one side has ended");
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
