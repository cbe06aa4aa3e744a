/** A database of the benchmarks' own, on the server that the tests use. */

import { connect, terminate } from "../lib/repository/connection/connection.ts";
import { LIVE_TABLES } from "../lib/repository/status/table_counts.ts";
import { migrate } from "../lib/repository/schema/migrate.ts";
import type { Sql } from "../lib/repository/connection/sql.ts";
import { cpuSeconds } from "./processes.ts";

const SERVER = Deno.env.get("TEST_DATABASE_URL") ?? "postgres://postgres@127.0.0.1:5432/postgres";

/** Tables that the indexer writes, in an order that satisfies references between them. */
export const TABLES = [
  "records",
  "accounts",
  ...LIVE_TABLES,
] as const;

export class Scratch implements AsyncDisposable {
  readonly url: string;
  readonly name: string;
  readonly sql: Sql;

  private constructor(name: string) {
    const url = new URL(SERVER);
    url.pathname = `/${name}`;
    // Debian's Postgres offers TLS, which only costs time on the same machine.
    if (!url.searchParams.has("sslmode")) url.searchParams.set("sslmode", "disable");
    this.name = name;
    this.url = url.href;
    this.sql = connect(this.url, { max: 4, applicationName: "bench" });
  }

  /** Creates it with all tables. It is dropped when it is disposed of. */
  static async create(suffix: string): Promise<Scratch> {
    const name = `bench_${Deno.pid}_${suffix}`;
    await administer(`drop database if exists ${name}`, `create database ${name}`);
    const scratch = new Scratch(name);
    await migrate(scratch.sql);
    return scratch;
  }

  /** Empties the database, and makes the checkpoint that every run begins with. */
  async empty(): Promise<void> {
    await this.sql.unsafe(`truncate ${TABLES.join(", ")}, dead_letters, indexer_state, mailbox,
      partitioning, instances cascade`);
    await this.settle();
  }

  /** Flushes the data of earlier runs, so that they don't slow down the next one. */
  async settle(): Promise<void> {
    await this.sql.command("checkpoint");
  }

  /** CPU time of the connections that others have to it, seconds; 0 where it runs elsewhere. */
  async cpuSeconds(application: string): Promise<number> {
    const rows = await this.sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where datname = ${this.name} and application_name = ${application}`;
    const times = await Promise.all(rows.map(({ pid }) => cpuSeconds(pid)));
    return times.reduce((sum, seconds) => sum + seconds, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    terminate(this.sql);
    await administer(`drop database if exists ${this.name} with (force)`);
  }
}

async function administer(...statements: readonly string[]): Promise<void> {
  const sql = connect(SERVER, { max: 1, applicationName: "bench" });
  for (const statement of statements) await sql.command(statement);
  await sql.end();
}
