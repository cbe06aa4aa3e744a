/** A server that speaks Postgres' protocol, accepts every login, and answers the first query endlessly. */

import { concat } from "../../../lib/repository/embedded/wire.ts";

export function message(
  type: string,
  body: Uint8Array = new Uint8Array(),
  declared = body.length,
): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = type.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, declared + 4);
  bytes.set(body, 5);
  return bytes;
}

/** Whole numbers of two bytes each, as the protocol has them. */
export function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  values.forEach((value, index) => new DataView(bytes.buffer).setUint16(2 * index, value));
  return bytes;
}

const READY = message("Z", new TextEncoder().encode("I"));
export const GREETING: Uint8Array = concat([message("R", new Uint8Array(4)), READY]);

export class EndlessPostgres implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  /** Connections that the client closed in the middle of an answer. */
  givenUp = 0;

  /** `part` is sent repeatedly after `begin`. */
  constructor(begin: Uint8Array, part: Uint8Array) {
    void this.#serve(begin, part);
  }

  get url(): string {
    return `postgres://me:x@127.0.0.1:${this.#listener.addr.port}/db?sslmode=disable`;
  }

  async #serve(begin: Uint8Array, part: Uint8Array): Promise<void> {
    for await (const connection of this.#listener) void this.#answer(connection, begin, part);
  }

  async #answer(connection: Deno.TcpConn, begin: Uint8Array, part: Uint8Array): Promise<void> {
    const question = new Uint8Array(65_536);
    let hasBegun = false;
    try {
      await connection.read(question);
      await writeAll(connection, GREETING);
      if (await connection.read(question) === null) return;
      hasBegun = true;
      await writeAll(connection, begin);
      while (true) await writeAll(connection, part);
    } catch {
      if (hasBegun) this.givenUp++;
    } finally {
      connection.close();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
