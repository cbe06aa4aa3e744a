/** The whole content of a database as text: every column of every table and view. */

import type { Sql } from "../../../lib/repository/connection/sql.ts";
import type { Haystack } from "./search.ts";

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
}

/** Where exact coordinates may be, while they are shared. */
const SURFACES: ReadonlyMap<string, NonNullable<Haystack["surface"]>> = new Map([
  ["records.record", "ledger"],
  ["dead_letters.payload", "letter"],
  ["scenes.precise_point", "product"],
  ["scenes.display_point", "product"],
  ["events.precise_point", "product"],
  ["events.display_point", "product"],
  ["scenes.description", "text"],
  ["scenes.search", "text"],
  ["events.description", "text"],
  ["events.search", "text"],
  ["public_scenes.display_point", "product"],
  ["public_events.display_point", "product"],
  ["public_scenes.description", "text"],
  ["public_scenes.search", "text"],
  ["public_events.description", "text"],
  ["public_events.search", "text"],
]);

/** Reads all of it; tables of PostGIS are left out, which nobody writes. */
export async function dump(sql: Sql): Promise<Haystack[]> {
  const columns = await sql<Column[]>`
    select c.relname as table, a.attname as name, format_type(a.atttypid, null) as type
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'm', 'v')
      and a.attnum > 0 and not a.attisdropped
      and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
    order by 1, 2`;
  const haystacks: Haystack[] = [];
  for (const table of new Set(columns.map(({ table }) => table))) {
    haystacks.push(...await dumpTable(sql, table, columns.filter((one) => one.table === table)));
  }
  return haystacks;
}

/** All columns in one go: a view works out all its rows each time it is asked. */
async function dumpTable(
  sql: Sql,
  table: string,
  columns: readonly Column[],
): Promise<Haystack[]> {
  const texts = columns.map(({ name, type }) => {
    const shown = type === "geography" ? `st_astext(${name}, 15)` : `${name}::text`;
    return `string_agg(${shown}, E'\\n') as ${name}`;
  });
  const [row] = await sql.unsafe<Record<string, string | null>[]>(
    `select ${texts} from ${table}`,
  );
  return columns.map(({ name }) => {
    const where = `${table}.${name}`;
    const surface = SURFACES.get(where);
    return {
      where,
      text: row?.[name] ?? "",
      ...(surface === undefined ? {} : { surface }),
      // A jittered point is in the same cell as the exact one.
      ...(name === "display_point" ? { decimals: 7 } : {}),
    };
  });
}
