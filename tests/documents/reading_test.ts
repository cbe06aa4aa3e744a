/** Every query of READING.md on a filled database: its plan, and its result. */

import assert from "node:assert/strict";
import { databaseTest } from "../support/database.ts";
import { readsOf } from "../support/documented_reads.ts";
import { fill } from "../support/filled_reads.ts";
import { readWhole } from "../support/plan.ts";
import { repository } from "../support/repository_files.ts";

/** Queries for people who may see more than the public. */
const FOR_SOME: ReadonlyMap<string, RegExp> = new Map([
  ["A person's own scenes, with any visibility.", /^Café (?:seen|private|unlisted)$/],
  ["For moderators: posts with a label.", /^spam/],
]);

databaseTest(
  "no query of READING.md reads a whole table, and none shows hidden rows",
  async ({ sql }) => {
    await fill(sql);
    const all = readsOf(await repository("READING.md"));
    assert.ok(all.length >= 28, `${all.length} reads`);
    for (const { title, sql: text } of all) {
      assert.deepEqual(await readWhole(sql, text), [], `${title} reads all of a table`);
      const rows = await sql.unsafe<Record<string, unknown>[]>(text);
      assert.ok(rows.length > 0, `${title} finds nothing`);
      const shown = rows.flatMap((row) => [row["name"], row["title"], row["text"]])
        .filter((name) => typeof name === "string");
      const allowed = FOR_SOME.get(title) ?? /^(?:Café seen|Scene|Event|Post)/;
      for (const name of shown) assert.match(name, allowed, title);
      const [live] = await sql.unsafe<{ hidden: number }[]>(
        `select count(*)::int as hidden from (${text}) as r join (
        select id from scenes where deleted_at is not null union all
        select id from events where deleted_at is not null union all
        select id from posts where deleted_at is not null union all
        select id from alliances where deleted_at is not null union all
        select id from memberships where deleted_at is not null union all
        select id from stream_sessions where deleted_at is not null or scene_id in (
          select id from scenes where visibility <> 'public')) as h using (id)`,
      );
      assert.equal(live?.hidden, 0, `${title} shows what is not live`);
    }
  },
);

databaseTest(
  "search finds words with and without their accents, in every language that it is given",
  async ({ sql }) => {
    const found = async (name: string, words: string, fold = false): Promise<boolean> => {
      const query = fold ? "without_accents($2)" : "$2";
      const [row] = await sql.unsafe<{ found: boolean }[]>(
        `select search_words($1) @@ websearch_to_tsquery('english', ${query}) as found`,
        [name, words],
      );
      return row?.found ?? false;
    };
    for (
      const [name, words] of [
        ["Café Noir", "cafe"],
        ["Café Noir", "café"],
        ["Cafe\u0301 Noir", "cafe"],
        ["Zürich Underground", "zurich"],
        ["Łódź", "lodz"],
        ["Smørrebrød", "smorrebrod"],
        ["Straße", "strasse"],
        ["Ångström and naïve", "angstrom naive"],
        ["São Paulo", "sao paulo"],
        ["Dances in the dark", "dance"],
        ["한국 음악", "한국"],
        ["夜 市", "夜"],
      ] as const
    ) assert.ok(await found(name, words), `${name}: ${words}`);
    assert.ok(
      await found("Cafe Noir", "café", true),
      "a folded question finds what was written without accents",
    );
    assert.ok(!await found("Café Noir", "coffee"));
  },
);
