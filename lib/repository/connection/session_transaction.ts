/** Runs a task in a transaction, without waiting for answers that the task does not await. */

import { ConnectionError } from "./connection_error.ts";
import { SQLSTATE } from "../../sqlstate_table.ts";
import { sqlStateOf } from "./sqlstate.ts";
import type { Session } from "./session.ts";
import { BEGIN, LOCAL_SETTINGS } from "./session_settings.ts";
import { asking, type Rows, type Send, type Statement, type TransactionSql } from "./sql.ts";

/** The work of a transaction. */
export type Run<T> = (tx: TransactionSql, send: Send) => T | Promise<T>;

export async function inTransaction<T>(
  session: Session,
  prepare: boolean,
  run: Run<T>,
  begin = BEGIN,
): Promise<T> {
  const scope = new Scope(session, prepare);
  scope.note(session.command(begin));
  // Not the first statement to be prepared: through a pooler, what prepares nothing itself must not fail.
  const settings = { text: LOCAL_SETTINGS, parameters: [], asArrays: true };
  scope.note(session.query(settings, prepare && session.hasPrepared));
  let result: T;
  try {
    result = await session.untilLost(Promise.resolve(run(scope.sql, scope.send)));
  } catch (error) {
    scope.close();
    await session.command("rollback").catch(() => {});
    throw scope.reasonOf(error);
  }
  scope.close();
  const committed = session.command("commit");
  committed.catch(() => {});
  await session.untilLost(scope.answered());
  await committed;
  return result;
}

/** The statements of a transaction or of a savepoint. */
class Scope {
  readonly #session: Session;
  readonly #prepare: boolean;
  readonly #running = new Set<Promise<unknown>>();
  #failure: { readonly error: unknown } | null = null;
  #isOpen = true;
  #savepoints = 0;
  readonly sql: TransactionSql;

  constructor(session: Session, prepare: boolean, depth = 0) {
    this.#session = session;
    this.#prepare = prepare;
    this.sql = Object.assign(asking(this.send), {
      savepoint: <T>(run: Run<T>) => this.#savepoint(`s${depth}_${this.#savepoints++}`, depth, run),
    });
  }

  /** Rejects further statements. */
  close(): void {
    this.#isOpen = false;
  }

  /** Waits for all statements; throws the first failure. */
  async answered(): Promise<void> {
    await Promise.allSettled(this.#running);
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** The cause of an error: an earlier failed statement, if there is one. */
  reasonOf(error: unknown): unknown {
    return sqlStateOf(error) === SQLSTATE.inFailedTransaction
      ? this.#failure?.error ?? error
      : error;
  }

  note<U>(sent: Promise<U>): Promise<U> {
    const noted: Promise<unknown> = sent.catch((error: unknown) => this.#failure ??= { error })
      .finally(() => this.#running.delete(noted));
    this.#running.add(noted);
    return sent;
  }

  readonly send = (statement: Statement): Promise<Rows<unknown>> => {
    if (!this.#isOpen) {
      return Promise.reject(
        new ConnectionError(
          SQLSTATE.connectionFailure,
          "cannot send a statement: its transaction is over",
        ),
      );
    }
    // After a failed BEGIN there is no transaction to run it in.
    if (this.#failure !== null) return Promise.reject(this.#failure.error);
    return this.note(this.#session.query(statement, this.#prepare && statement.isFixed));
  };

  async #savepoint<T>(name: string, depth: number, run: Run<T>): Promise<T> {
    this.note(this.#session.command(`savepoint ${name}`));
    const inner = new Scope(this.#session, this.#prepare, depth + 1);
    try {
      const result = await run(inner.sql, inner.send);
      inner.close();
      await inner.answered();
      void this.note(this.#session.command(`release savepoint ${name}`));
      return result;
    } catch (error) {
      inner.close();
      await this.note(this.#session.command(`rollback to savepoint ${name}`));
      throw inner.reasonOf(error);
    }
  }
}
