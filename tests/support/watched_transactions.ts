/** A database whose transactions a test watches. */

import type { Sql, TransactionSql } from "../../lib/repository/connection/sql.ts";

/** What is done with each transaction in place of just running it. */
export type Watch = <T>(
  tx: TransactionSql,
  run: (tx: TransactionSql) => T | Promise<T>,
) => Promise<T>;

/** The same database, with a watch on its transactions. */
export function watched(sql: Sql, watch: Watch): Sql {
  return replaced(sql, "begin", (run) => sql.begin((tx) => watch(tx, run)));
}

/** Notes the texts of the bulk statements of each transaction. */
export function noting(statements: string[]): Watch {
  return async (tx, run) =>
    await run(replaced(tx, "unsafe", (text, ...rest) => {
      statements.push(text);
      return tx.unsafe(text, ...rest);
    }));
}

function replaced<T extends object, K extends keyof T>(target: T, name: K, by: T[K]): T {
  return new Proxy(target, {
    get: (_target, asked, receiver) => asked === name ? by : Reflect.get(target, asked, receiver),
  });
}
