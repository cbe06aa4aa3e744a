/** Makes Postgres reject rows. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";

/** The rejected rows: those of a table for which a condition on `new` holds. */
export interface Refusing {
  readonly table: string;
  readonly when: string;
  readonly sqlState?: string;
}

const FUNCTION = `create or replace function refuse() returns trigger language plpgsql as $$
  begin raise exception 'refused by a test' using errcode = tg_argv[0]; end $$`;

/** Rejects such rows from now on, until the returned function is called. */
export async function refuseRows(
  sql: Sql,
  { table, when, sqlState = "22023" }: Refusing,
): Promise<() => Promise<void>> {
  const name = `refuse_${crypto.randomUUID().replaceAll("-", "")}`;
  await sql.unsafe(FUNCTION);
  await sql.unsafe(`create trigger ${name} before insert or update on ${table}
    for each row when (${when}) execute function refuse('${sqlState}')`);
  return async () => {
    await sql.unsafe(`drop trigger ${name} on ${table}`);
  };
}
