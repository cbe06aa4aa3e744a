/** Connections to the database. */

import { parseDatabaseUrl } from "./database_url.ts";
import { openSession } from "./open_session.ts";
import { Pool } from "./pool.ts";
import type { Trust } from "./secure_socket.ts";
import { BEGIN_SNAPSHOT } from "./session_settings.ts";
import { inTransaction, type Run } from "./session_transaction.ts";
import { asking, type Sql } from "./sql.ts";

export interface ConnectOptions extends Partial<Trust> {
  /** Maximum number of connections; each is opened when needed. */
  readonly max: number;
  /** Shown in `pg_stat_activity`, unless the URL names another. */
  readonly applicationName: string;
  /** False: never prepare statements, whatever the URL says. */
  readonly prepare?: boolean;
}

/** The pool behind each `Sql` that `connect` returned. */
const pools = new WeakMap<Sql, Pool>();

/**
 * Connections to a database. Nothing is sent before the first query. After a connection is lost, its queries
 * fail with a `ConnectionError`, and the next query opens a new one.
 *
 * Statements are prepared unless the URL says that a pooler forgets them. If the URL doesn't say so, one
 * transaction fails, and nothing is prepared afterwards.
 *
 * Throws `DatabaseUrlError` when the URL can't be used.
 */
export function connect(url: string, options: ConnectOptions): Sql {
  const { max, applicationName, rootCertificates = null } = options;
  const parsed = parseDatabaseUrl(url);
  let prepare = parsed.prepare && options.prepare !== false;
  const pool = new Pool({
    max,
    open: (signal) =>
      openSession({ url: parsed, applicationName, trust: { rootCertificates } }, signal),
  });
  const run = <T>(work: Run<T>, begin?: string): Promise<T> =>
    pool.use(async (session) => {
      try {
        return await inTransaction(session, prepare, work, begin);
      } finally {
        if (session.forgets) prepare = false;
      }
    });
  const sql: Sql = Object.assign(asking((statement) => run((_, send) => send(statement))), {
    begin: <T>(work: Run<T>): Promise<T> => run(work),
    snapshot: <T>(work: Run<T>): Promise<T> => run(work, BEGIN_SNAPSHOT),
    command: (text: string): Promise<void> => pool.use((session) => session.command(text)),
    end: () => pool.end(),
  });
  pools.set(sql, pool);
  return sql;
}

/** Closes connections at once, even during a query; those queries fail. */
export function terminate(sql: Sql): void {
  pools.get(sql)?.terminate();
}

/** The database's location, without credentials: `host:port/name`, several hosts separated by commas. */
export function describeDatabase(url: string): string {
  const { hosts, database } = parseDatabaseUrl(url);
  const places = hosts.map(({ host, port }) =>
    `${host.includes(":") ? `[${host}]` : host}:${port}`
  );
  return `${places.join(",")}/${database}`;
}
