/** The database's comments on its tables, views and columns, in the form of DATA.md. */

import type { Sql } from "../../lib/repository/connection/sql.ts";

export interface DescribedColumn {
  readonly relation: string;
  /** `v`: a view. */
  readonly kind: string;
  readonly about: string | null;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly meaning: string | null;
}

/** In the order of reading: the views, then the tables of the app, then those of the indexer. */
const ORDER = ["scenes", "events", "posts", "alliances", "memberships", "stream_sessions"];

/** Every column of every table and view that is not PostGIS's own. */
export async function describedColumns(sql: Sql): Promise<readonly DescribedColumn[]> {
  return await sql<DescribedColumn[]>`
    select c.relname::text as relation, c.relkind::text as kind,
      obj_description(c.oid, 'pg_class') as about, a.attname::text as name,
      regexp_replace(format_type(a.atttypid, a.atttypmod), '^timestamp with.*', 'timestamptz') as type,
      a.attnotnull as required, col_description(c.oid, a.attnum) as meaning
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
      and a.attnum > 0 and not a.attisdropped
      and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
    order by c.relname, a.attnum`;
}

function rank({ relation, kind }: DescribedColumn): number {
  const at = ORDER.indexOf(relation.replace(/^public_/, ""));
  return (kind === "v" ? 0 : 100) + (at < 0 ? ORDER.length : at);
}

/** The section of DATA.md: a table of columns for each relation. */
export function columnTables(columns: readonly DescribedColumn[]): string {
  const lines: string[] = [];
  let relation = "";
  for (const column of columns.toSorted((a, b) => rank(a) - rank(b))) {
    if (column.relation !== relation) {
      relation = column.relation;
      lines.push("", `### ${relation}`, "", column.about ?? "", "");
      lines.push("| Column | Type | Meaning |", "|---|---|---|");
    }
    const type = column.required ? `${column.type}, not null` : column.type;
    lines.push(`| \`${column.name}\` | ${type} | ${column.meaning ?? ""} |`);
  }
  return `${lines.join("\n")}\n\n`;
}
