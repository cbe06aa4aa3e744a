/** Every value of a column arrives in Postgres unchanged. */

import assert from "node:assert/strict";
import {
  parametersOf,
  type RowColumn,
  source,
  valueOf,
} from "../../../lib/repository/tables/rows.ts";
import { databaseTest } from "../../support/database.ts";

const COLUMNS: readonly RowColumn[] = [
  { name: "words", type: "text" },
  { name: "list", type: "text[]" },
  { name: "json", type: "jsonb" },
  { name: "number", type: "float8" },
  { name: "yes", type: "boolean" },
  { name: "place", type: "point" },
];

/** What means something in an array literal, in JSON, or in text that is meant for a person. */
const AWKWARD = [
  "",
  " ",
  "NULL",
  "null",
  '"',
  "\\",
  '\\"',
  "{}",
  "{a,b}",
  ",",
  "a\nb\tc\r\u0001\u007f",
  "$&",
  "$1",
  "é 漢 🎶 \u2028",
  "\\u0000",
  "a".repeat(64),
  "a".repeat(65),
  "a".repeat(30) + "漢",
  "🎶".repeat(20_000),
];

databaseTest("texts, lists and JSON arrive unchanged, whatever they contain", async ({ sql }) => {
  const rows = AWKWARD.map((words) => ({
    words,
    list: [words, ...AWKWARD],
    json: { [words]: [words, 1, null, { words }] },
  }));
  const read = await sql.unsafe(
    `select r.words, to_json(${valueOf(COLUMNS[1]!)}) as list, ${valueOf(COLUMNS[2]!)} as json
      from ${source(COLUMNS)}`,
    parametersOf(COLUMNS, rows),
  );
  assert.deepEqual(read.map((row) => ({ ...row })), rows);
});

databaseTest(
  "columns of short, long, ASCII and other texts arrive unchanged, with nulls between them",
  async ({ sql }) => {
    const columns: readonly (readonly (string | null)[])[] = [
      [],
      [null],
      ["", null, "a"],
      [null, "a", "", "b", null],
      AWKWARD.filter((text) => text.length < 40),
      AWKWARD.filter((text) => /^[\0-\x7f]*$/.test(text)),
      ["é", null, "a"],
      ["a".repeat(127), "b".repeat(128), "c".repeat(129)],
      [null, "a".repeat(300), "é"],
    ];
    for (const texts of columns) {
      const rows = texts.map((words) => ({ words }));
      const read = await sql.unsafe(
        `select r.words from ${source(COLUMNS.slice(0, 1))}`,
        parametersOf(COLUMNS.slice(0, 1), rows),
      );
      assert.deepEqual(read.map(({ words }) => words), texts);
    }
  },
);

databaseTest(
  "numbers, booleans and places keep every digit, and absent values are null",
  async ({ sql }) => {
    const numbers = [0, -0.1, 1e-7, 5e-324, 1.7976931348623157e308, Number.MAX_SAFE_INTEGER];
    const places: readonly [number, number][] = [
      [13.404953999999999, 52.520007],
      [-180, -90],
      [1e-7, -1e-15],
      [179.99999999999997, 0],
    ];
    const rows = [
      ...numbers.map((number) => ({ number, yes: number > 0 })),
      ...places.map((place) => ({ place })),
      { words: null },
    ];
    const read = await sql.unsafe(
      `select r.words, ${valueOf(COLUMNS[1]!)} as list, ${valueOf(COLUMNS[2]!)} as json,
        r.number::float8, r.yes::boolean,
        st_x((r.place::geography)::geometry) as lng, st_y((r.place::geography)::geometry) as lat,
        st_srid((r.place::geography)::geometry) as srid
      from ${source(COLUMNS)}`,
      parametersOf(COLUMNS, rows),
    );
    const nothing = { words: null, list: null, json: null, number: null, yes: null };
    const nowhere = { lng: null, lat: null, srid: null };
    assert.deepEqual(read.map((row) => ({ ...row })), [
      ...numbers.map((number) => ({ ...nothing, ...nowhere, number, yes: number > 0 })),
      ...places.map(([lng, lat]) => ({ ...nothing, lng, lat, srid: 4326 })),
      { ...nothing, ...nowhere },
    ]);
  },
);
