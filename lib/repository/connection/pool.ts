/** Sessions of one database: opened on demand, used by one caller at a time, replaced when lost. */

import { SQLSTATE } from "../../sqlstate_table.ts";
import { ConnectionError } from "./connection_error.ts";
import type { Session } from "./session.ts";

export interface PoolOptions {
  /** Maximum number of sessions. */
  readonly max: number;
  readonly open: (signal: AbortSignal) => Promise<Session>;
}

interface Waiter {
  readonly take: (session: Session) => void;
  readonly fail: (error: unknown) => void;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #idle: Session[] = [];
  readonly #used = new Set<Session>();
  readonly #waiting: Waiter[] = [];
  readonly #terminated = new AbortController();
  #opening = 0;
  #ended = false;
  #drained: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Lends a session until `run` ends. */
  async use<T>(run: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#take();
    try {
      return await run(session);
    } finally {
      this.#giveBack(session);
    }
  }

  /** Closes all sessions once their users are done. */
  async end(): Promise<void> {
    this.#ended = true;
    if (this.#used.size + this.#opening + this.#waiting.length > 0) {
      await new Promise<void>((resolve) => this.#drained = resolve);
    }
    await Promise.all(this.#idle.splice(0).map((session) => session.end()));
  }

  /** Closes all sessions at once. */
  terminate(): void {
    this.#ended = true;
    this.#terminated.abort();
    for (const { fail } of this.#waiting.splice(0)) fail(endedError());
    for (const session of [...this.#idle.splice(0), ...this.#used]) session.destroy();
    this.#drained?.();
  }

  #take(): Promise<Session> {
    if (this.#ended) return Promise.reject(endedError());
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.isFit) continue;
      this.#used.add(session);
      return Promise.resolve(session);
    }
    return new Promise((take, fail) => {
      this.#waiting.push({ take, fail });
      if (this.#used.size + this.#opening < this.#options.max) void this.#open();
    });
  }

  /** Opens a session for the caller that has waited longest. */
  async #open(): Promise<void> {
    this.#opening += 1;
    try {
      const session = await this.#options.open(this.#terminated.signal);
      this.#opening -= 1;
      this.#used.add(session);
      this.#giveBack(session);
    } catch (error) {
      this.#opening -= 1;
      this.#waiting.shift()?.fail(error);
      this.#goOn();
    }
  }

  #giveBack(session: Session): void {
    this.#used.delete(session);
    if (!session.isFit || this.#terminated.signal.aborted) {
      session.destroy();
    } else {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#idle.push(session);
      } else {
        this.#used.add(session);
        next.take(session);
      }
    }
    this.#goOn();
  }

  /** After a session was lost or could not be opened, other callers may still wait. */
  #goOn(): void {
    const room = this.#options.max - this.#used.size - this.#idle.length - this.#opening;
    if (room > 0 && this.#waiting.length > this.#opening) void this.#open();
    if (this.#used.size + this.#opening + this.#waiting.length === 0) this.#drained?.();
  }
}

function endedError(): ConnectionError {
  return new ConnectionError(
    SQLSTATE.connectionFailure,
    "cannot query the database: the connections were closed",
  );
}
