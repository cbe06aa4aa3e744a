/**
 * DATA.md and the comments in the database have the same words. After a change of a comment:
 * `deno test -A tests/documents/data_test.ts -- --update` rewrites the tables of DATA.md.
 */

import assert from "node:assert/strict";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { columnTables, describedColumns } from "../support/data_tables.ts";
import { databaseTest } from "../support/database.ts";
import { sectionOf } from "../support/document_section.ts";
import { headingSlugs } from "../support/monitoring_rules.ts";
import { isInRepository, repository } from "../support/repository_files.ts";

const data = await repository("DATA.md");
const COLUMNS = "Every column";

databaseTest("every table, view and column says in the database what it means", async ({ sql }) => {
  const columns = await describedColumns(sql);
  assert.ok(columns.length > 200);
  const silent = columns.filter(({ about, meaning }) => !about || !meaning);
  assert.deepEqual(silent.map(({ relation, name }) => `${relation}.${name}`), []);
});

databaseTest(
  "DATA.md lists every column with the database's own words, and no other",
  async ({ sql }) => {
    const expected = columnTables(await describedColumns(sql));
    const section = sectionOf(data, COLUMNS);
    if (Deno.args.includes("--update")) {
      const path = new URL("../../DATA.md", import.meta.url);
      const heading = `\n## ${COLUMNS}\n`;
      await Deno.writeTextFile(path, data.replace(heading + section, () => heading + expected));
      return;
    }
    assert.equal(section, expected);
  },
);

Deno.test("DATA.md says for every collection which field becomes which column", () => {
  const rows = [
    ...sectionOf(data, "From record to row").matchAll(/^\| `([^`]+)` \| (.+?) \| (.+?) \|$/gm),
  ];
  for (const { nsid, table, columns, references } of COLLECTIONS) {
    const [row] = rows.filter(([, named]) => named === nsid);
    assert.ok(row !== undefined, nsid);
    assert.equal(row[2], `\`${table}\``);
    const names = [...(row[3] ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    for (const { field, column } of references) {
      assert.ok(names.includes(field) && names.includes(column), `${nsid} ${field}`);
    }
    for (const { name } of columns) assert.ok(names.includes(name), `${nsid}: ${name}`);
  }
  assert.equal(rows.length, COLLECTIONS.length);
});

Deno.test("every link in DATA.md leads somewhere", async () => {
  const headings = headingSlugs(data);
  for (const [, target = ""] of data.matchAll(/\]\(([^)]+)\)/g)) {
    if (target.startsWith("http")) continue;
    if (target.startsWith("#")) assert.ok(headings.has(target.slice(1)), target);
    else assert.ok(await isInRepository(target.split("#")[0] ?? ""), target);
  }
});
