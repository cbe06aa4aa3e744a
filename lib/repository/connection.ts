/** Connections to the database through npm:postgres, and their end. */

import postgres, { type Sql } from "postgres";
import { parseDatabaseUrl } from "./database_url.ts";
import type { DatabaseUrl } from "./database_url.ts";
import { ConnectionError, lostConnection } from "./connection_error.ts";
import { DriverSocket } from "./driver_socket.ts";
import { sqlStateOf } from "./failure.ts";
import { openSocket, type Trust } from "./secure_socket.ts";

export interface ConnectOptions extends Partial<Trust> {
  /** Connections at most; each is opened when it is needed. */
  readonly max: number;
  /** Seen in `pg_stat_activity`, unless the URL says another. */
  readonly applicationName: string;
}

/** `invalid_sql_statement_name`: a prepared statement is not there. */
const STATEMENT_MISSING = "26000";

const KEEP_ALIVE_SECONDS = 30;

/** What `connect` gave out. */
const pools = new WeakMap<Sql, Pool>();

/**
 * Connections to a database. Nothing is sent before the first query. After a connection was lost
 * its queries fail with a `ConnectionError`, and the next query opens new ones.
 *
 * Statements are prepared, which saves every second round trip (44 instead of 94 ms a batch at a
 * round trip of 5 ms). A pooler that gives each transaction another session loses them: then the
 * transaction fails once, and from there on nothing is prepared.
 *
 * Throws `DatabaseUrlError` when the URL can't be used.
 */
export function connect(url: string, options: ConnectOptions): Sql {
  const pool = new Pool(parseDatabaseUrl(url), options);
  const sql: Sql = new Proxy(pool.sql, {
    apply: (_target, _this, args) => Reflect.apply(pool.sql, undefined, args),
    get: (_target, name) => {
      if (name === "begin") return (...args: unknown[]) => pool.begin(args);
      if (name === "end") return (how?: { timeout?: number }) => pool.end(how);
      return Reflect.get(pool.sql, name);
    },
  });
  pools.set(sql, pool);
  return sql;
}

/** Ends connections at once, whatever they wait for; their queries fail. */
export async function terminate(sql: Sql): Promise<void> {
  const pool = pools.get(sql);
  if (pool === undefined) await sql.end({ timeout: 0 });
  else await pool.terminate();
}

/** Where a database is, without credentials: `host:port/name`, several hosts with commas. */
export function describeDatabase(url: string): string {
  const { hosts, database } = parseDatabaseUrl(url);
  const places = hosts.map(({ host, port }) =>
    `${host.includes(":") ? `[${host}]` : host}:${port}`
  );
  return `${places.join(",")}/${database}`;
}

/** A pool of the driver, replaced by a fresh one as soon as one of its connections is lost. */
class Pool {
  readonly #url: DatabaseUrl;
  readonly #options: ConnectOptions;
  #prepare = true;
  #ended = false;
  #present: Present;
  /** Ends of those that were replaced. */
  readonly #endings = new Set<Promise<void>>();

  constructor(url: DatabaseUrl, options: ConnectOptions) {
    this.#url = url;
    this.#options = options;
    this.#present = this.#open();
  }

  get sql(): Sql {
    return this.#present.sql;
  }

  async begin(args: unknown[]): Promise<unknown> {
    const present = this.#present;
    try {
      return await untilLost(present, Reflect.apply(present.sql.begin, undefined, args));
    } catch (error) {
      if (sqlStateOf(error) === STATEMENT_MISSING) {
        this.#prepare = false;
        this.#replace(present);
      }
      throw error;
    }
  }

  async end(how?: { timeout?: number }): Promise<void> {
    this.#ended = true;
    await untilLost(this.#present, this.#present.sql.end(how)).catch((error: unknown) => {
      if (!(error instanceof ConnectionError)) throw error;
    });
    await Promise.all(this.#endings);
  }

  async terminate(): Promise<void> {
    this.#ended = true;
    await Promise.all([close(this.#present), ...this.#endings]);
  }

  #replace(present: Present): void {
    if (present !== this.#present || this.#ended) return;
    this.#present = this.#open();
    const ending = close(present).finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  #open(): Present {
    const { database, user, password, hosts: [{ host, port }], options } = this.#url;
    const { max, applicationName, rootCertificates = null } = this.#options;
    const sockets = new Set<DriverSocket>();
    const settings = {
      database,
      user,
      password: () => password.reveal(),
      // For the driver's messages only: the socket knows all of them.
      host,
      port,
      max,
      prepare: this.#prepare,
      fetch_types: false,
      debug: false,
      ssl: false,
      sslnegotiation: null,
      keep_alive: KEEP_ALIVE_SECONDS,
      // Timers that a lost connection would leave behind. The socket has its own.
      connect_timeout: 0,
      backoff: () => 0,
      idle_timeout: 0,
      max_lifetime: null,
      onnotice: () => {},
      connection: {
        application_name: this.#url.applicationName ?? applicationName,
        ...(options !== null && { options }),
      },
      socket: async (): Promise<DriverSocket> => {
        const trust = { rootCertificates };
        const opened = await openSocket(this.#url, trust, present.closing.signal)
          .catch((error: Error) => error);
        const socket = new DriverSocket(opened, {
          loginMs: this.#url.connectTimeoutMs,
          lost: () => {
            this.#replace(present);
            for (const tell of present.tellLost) tell();
          },
          closed: (socket) => sockets.delete(socket),
        });
        sockets.add(socket);
        if (present.closing.signal.aborted) socket.destroy();
        return socket;
      },
    };
    const present: Present = {
      sql: postgres(settings),
      sockets,
      closing: new AbortController(),
      tellLost: new Set(),
    };
    return present;
  }
}

interface Present {
  readonly sql: Sql;
  readonly sockets: ReadonlySet<DriverSocket>;
  /** Aborted when it is to end at once. */
  readonly closing: AbortController;
  /** Called when one of its connections is lost. */
  readonly tellLost: Set<() => void>;
}

/**
 * What comes of something, or a `ConnectionError` as soon as a connection is lost: then all of them
 * are given up, and the driver would wait for ever for the query of the one that is lost.
 */
async function untilLost<T>({ tellLost }: Present, running: Promise<T>): Promise<T> {
  const lost = Promise.withResolvers<never>();
  const tell = (): void => lost.reject(lostConnection());
  tellLost.add(tell);
  running.catch(() => {}); // It may fail after that, for lack of its connection.
  try {
    return await Promise.race([running, lost.promise]);
  } finally {
    tellLost.delete(tell);
  }
}

async function close({ sql, sockets, closing }: Present): Promise<void> {
  closing.abort();
  const ended = sql.end({ timeout: 0 });
  for (const socket of sockets) socket.destroy();
  await ended;
}
