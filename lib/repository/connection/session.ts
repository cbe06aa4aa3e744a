/** One connection that is logged in. */

import pg from "pg";
import type net from "node:net";
import { type ConnectionError, lostConnection } from "./connection_error.ts";
import { bindLogin } from "./channel_binding.ts";
import { type Client, clientOver, type SessionOptions } from "./driver_client.ts";
import { sqlStateOf } from "./sqlstate.ts";
import { SessionSocket } from "./session_socket.ts";
import type { Rows, Statement } from "./sql.ts";

/**
 * A connection on which one of these happened is given up, because the next one may be better off: the
 * protocol was violated, a plan doesn't fit its tables any more, the server is read-only (it was the
 * primary, and is a standby now), statements are lost, resources lack, the server is about to stop, or
 * its data is damaged.
 */
const UNFIT = /^(08|0A|25006|26|42P05|53|57P|58|XX00[12])/;

/** Prepared statements are lost, or are another session's: there is a pooler between. */
const UNPREPARED = /^(26000|42P05)$/;

export class Session {
  readonly #client: Client;
  readonly #socket: SessionSocket;
  readonly #id = crypto.randomUUID().slice(0, 8);
  /** Of prepared statements, by their text. */
  readonly #names = new Map<string, string>();
  /** Told when the connection is lost. */
  readonly #tellLost = new Set<(error: ConnectionError) => void>();
  #loss: ConnectionError | null = null;
  /** Whether it may be used again. */
  isFit = true;
  /** Whether prepared statements were lost. */
  forgets = false;

  private constructor(socket: SessionSocket, client: Client) {
    this.#socket = socket;
    this.#client = client;
    const lose = (cause?: Error): void => {
      this.isFit = false;
      this.#loss ??= lostConnection(cause);
      for (const tell of this.#tellLost) tell(this.#loss);
    };
    client.on("error", lose);
    client.on("end", lose);
  }

  /** Logs in over an open socket. Throws what the server, or the network, said. */
  static async login(
    opened: net.Socket,
    options: SessionOptions,
  ): Promise<Session> {
    const socket = new SessionSocket(opened);
    const client = clientOver(socket, options);
    const session = new Session(socket, client);
    const assertBound = options.url.channelBinding ? bindLogin(client, socket) : () => {};
    await client.connect();
    assertBound();
    return session;
  }

  /**
   * What comes of something, unless the connection is lost before. A promise of the loss, raced with each,
   * would keep what each came to for as long as the connection lasts.
   */
  async untilLost<T>(running: Promise<T>): Promise<T> {
    const { promise: lost, reject } = Promise.withResolvers<never>();
    if (this.#loss !== null) reject(this.#loss);
    this.#tellLost.add(reject);
    try {
      return await Promise.race([running, lost]);
    } finally {
      this.#tellLost.delete(reject);
    }
  }

  /** Sends statements without parameters, and waits for their end. */
  async command(text: string): Promise<void> {
    await this.query({ text, parameters: [], asArrays: false }, false);
  }

  /** Sends a statement after those that were sent before. */
  async query(
    { text, parameters, asArrays }: Omit<Statement, "isFixed">,
    prepare: boolean,
  ): Promise<Rows<unknown>> {
    try {
      const answer = await this.#client.query({
        text,
        ...(parameters.length > 0 && { values: parameters }),
        ...(prepare && { name: this.#nameOf(text) }),
        ...(asArrays && { rowMode: "array" as const }),
      });
      const result = Array.isArray(answer) ? answer.at(-1) : answer;
      return Object.assign(result?.rows ?? [], { count: result?.rowCount ?? 0 });
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw this.#asLost(error);
      const sqlState = sqlStateOf(error);
      if (UNFIT.test(sqlState)) this.isFit = false;
      if (UNPREPARED.test(sqlState)) this.forgets = true;
      throw error;
    }
  }

  /** Whether nothing can be written: a standby, or a server that was told so. */
  async isReadOnly(): Promise<boolean> {
    const [row] = await this.query({
      text: "select pg_catalog.current_setting('transaction_read_only')",
      parameters: [],
      asArrays: true,
    }, false) as unknown[][];
    return row?.[0] === "on";
  }

  /** Ends it in order. */
  async end(): Promise<void> {
    this.isFit = false;
    await this.#client.end();
  }

  /** Ends it at once; what it still waits for fails. */
  destroy(): void {
    this.isFit = false;
    this.#socket.destroy();
  }

  /** Names of this connection's own: a pooler can give several connections one session. */
  #nameOf(text: string): string {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `indexer_${this.#id}_${this.#names.size}`;
      this.#names.set(text, name);
    }
    return name;
  }

  #asLost(error: unknown): ConnectionError {
    this.destroy();
    return lostConnection(error instanceof Error ? error : undefined);
  }
}
