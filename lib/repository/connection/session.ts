/** One connection that is logged in. */

import pg from "pg";
import type net from "node:net";
import { type ConnectionError, lostConnection } from "./connection_error.ts";
import { bindLogin } from "./channel_binding.ts";
import { type Client, clientOver, type SessionOptions } from "./driver_client.ts";
import { sqlStateIs } from "../../sqlstate_table.ts";
import { sqlStateOf } from "./sqlstate.ts";
import { SessionSocket } from "./session_socket.ts";
import type { Rows, Statement } from "./sql.ts";

export class Session {
  readonly #client: Client;
  readonly #socket: SessionSocket;
  readonly #id = crypto.randomUUID().slice(0, 8);
  /** Names of prepared statements, by their text. */
  readonly #names = new Map<string, string>();
  /** Called when the connection is lost. */
  readonly #onLost = new Set<(error: ConnectionError) => void>();
  #loss: ConnectionError | null = null;
  /** Whether the session may be used again. */
  isFit = true;
  /** Whether prepared statements were lost. */
  forgets = false;

  private constructor(socket: SessionSocket, client: Client) {
    this.#socket = socket;
    this.#client = client;
    const lose = (cause?: Error): void => {
      this.isFit = false;
      this.#loss ??= lostConnection(cause);
      for (const callback of this.#onLost) callback(this.#loss);
    };
    client.on("error", lose);
    client.on("end", lose);
  }

  /** Logs in over an open socket. Throws the error of the server or the network. */
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
   * Resolves with `running`, unless the connection is lost first. Racing one long-lived promise of the loss
   * against each query would keep every result for as long as the connection lasts.
   */
  async untilLost<T>(running: Promise<T>): Promise<T> {
    const { promise: lost, reject } = Promise.withResolvers<never>();
    if (this.#loss !== null) reject(this.#loss);
    this.#onLost.add(reject);
    try {
      return await Promise.race([running, lost]);
    } finally {
      this.#onLost.delete(reject);
    }
  }

  /** Sends statements without parameters and waits for their end. */
  async command(text: string): Promise<void> {
    await this.query({ text, parameters: [], asArrays: false }, false);
  }

  /** Sends a statement, queued behind the earlier ones. */
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
      if (sqlStateIs(sqlState, "unfit session")) this.isFit = false;
      if (sqlStateIs(sqlState, "unprepared")) this.forgets = true;
      throw error;
    }
  }

  /** Whether it has prepared a statement. */
  get hasPrepared(): boolean {
    return this.#names.size > 0;
  }

  /** Whether the server can't be written to: a standby, or a server set to read-only. */
  async isReadOnly(): Promise<boolean> {
    const [row] = await this.query({
      text: "select pg_catalog.current_setting('transaction_read_only')",
      parameters: [],
      asArrays: true,
    }, false) as unknown[][];
    return row?.[0] === "on";
  }

  /** Closes the session gracefully. */
  async end(): Promise<void> {
    this.isFit = false;
    await this.#client.end();
  }

  /** Closes the session at once; its pending queries fail. */
  destroy(): void {
    this.isFit = false;
    this.#socket.destroy();
  }

  /** Statement names are unique per connection: a pooler can give several connections one session. */
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
