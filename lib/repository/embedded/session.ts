/**
 * The one session of the embedded database, shared by all clients. A client holds it from the first message
 * of a unit until the backend reports that it is idle, so no statement runs in another client's transaction.
 */

import { SQLSTATE } from "../../sqlstate_table.ts";
import { type Answer, answerOf, fatalMessage, queryUnit, SYNC_UNIT, type Unit } from "./wire.ts";

/** Runs messages one after another and returns all answers of the backend. */
export interface Backend {
  execute(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A connection, as the session knows it. */
export interface Client {
  /** Sends a last message and closes the connection. */
  end(lastWords: Uint8Array): void;
}

interface Turn {
  readonly client: Client;
  readonly start: () => void;
}

const ROLLBACK = queryUnit("rollback");
const DISCARD_ALL = queryUnit("discard all");

/** The client that stands for upkeep. */
const UPKEEP: Client = { end: () => {} };

export class Session {
  readonly #backend: Backend;
  readonly #idleLimitMs: number;
  readonly #clients = new Set<Client>();
  readonly #waiting: Turn[] = [];
  #holder: Client | null = null;
  #busy = false;
  #units = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;

  /**
   * A client loses the session when it holds it, sends nothing for `idleLimitMs`, and others wait. With one
   * session, two clients that wait for each other would otherwise wait forever.
   */
  constructor(backend: Backend, idleLimitMs: number) {
    this.#backend = backend;
    this.#idleLimitMs = idleLimitMs;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Number of units that clients have run. */
  get units(): number {
    return this.#units;
  }

  join(client: Client): void {
    this.#clients.add(client);
  }

  /**
   * Runs a unit when it is the client's turn; the client then keeps the session until it is idle. Null when
   * the client has left: the rest of a rolled-back transaction must not run alone.
   */
  async run(client: Client, unit: Unit): Promise<Answer | null> {
    if (!this.#clients.has(client)) return null;
    this.#units += 1;
    await this.#turn(client);
    return await this.#execute(unit);
  }

  /** Rolls back a client's open transaction; after the last client, also resets all session settings. */
  async leave(client: Client): Promise<void> {
    if (!this.#clients.delete(client)) return;
    if (this.#holder === client) await this.#rollBack();
    if (this.#clients.size > 0) return;
    await this.#turn(client);
    await this.#execute(DISCARD_ALL);
  }

  /** Runs a statement of the database's own, when no client has the session. */
  async upkeep(sql: string): Promise<void> {
    await this.#turn(UPKEEP);
    await this.#execute(queryUnit(sql));
  }

  /** Waits until the session is free, and takes it. */
  #turn(client: Client): Promise<void> {
    if (this.#holder === client && !this.#busy) {
      this.#busy = true;
      clearTimeout(this.#patience);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting.push({ client, start: resolve });
      this.#next();
    });
  }

  async #execute(unit: Unit): Promise<Answer> {
    try {
      const answer = answerOf(unit, await this.#backend.execute(unit.bytes));
      if (unit.complete && answer.status === "I") this.#holder = null;
      return answer;
    } finally {
      this.#busy = false;
      this.#next();
    }
  }

  /** Gives the free session to the client that has waited longest. */
  #next(): void {
    if (this.#busy || this.#waiting.length === 0) return;
    clearTimeout(this.#patience);
    const holder = this.#holder;
    if (holder !== null) {
      if (this.#waiting.every(({ client }) => client === UPKEEP)) return;
      this.#patience = setTimeout(() => this.#evict(holder), this.#idleLimitMs);
      return;
    }
    const turn = this.#waiting.shift();
    if (turn === undefined) return;
    this.#holder = turn.client;
    this.#busy = true;
    turn.start();
  }

  #evict(holder: Client): void {
    if (this.#holder !== holder || this.#busy) return;
    const seconds = this.#idleLimitMs / 1000;
    holder.end(fatalMessage(
      SQLSTATE.idleInTransactionTimeout,
      `the transaction was idle for ${seconds} s while others waited; ` +
        "the embedded database has one session",
    ));
    void this.leave(holder);
  }

  async #rollBack(): Promise<void> {
    this.#busy = true;
    answerOf(SYNC_UNIT, await this.#backend.execute(SYNC_UNIT.bytes));
    await this.#execute(ROLLBACK);
  }
}
