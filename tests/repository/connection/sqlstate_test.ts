/** What an error of the database, or a filter of dead letters, means. */

import assert from "node:assert/strict";
import { judgeFailure } from "../../../lib/repository/connection/sqlstate.ts";
import {
  FilterError,
  readFilter,
  type WrittenFilter,
} from "../../../lib/repository/dead_letters/dead_letter_filter.ts";
import { StoreError } from "../../../lib/repository/tables/bulk_write.ts";

/** What is made of a statement of rows that failed so. */
function ofRows(code: string, file?: string): string {
  const write = { name: "scenes", rows: [] } as unknown as StoreError["write"];
  return judgeFailure(new StoreError(write, { code, ...(file === undefined ? {} : { file }) }));
}

Deno.test("bad data, constraints, limits and what functions raise are a row's fault", () => {
  for (const code of ["22001", "22P05", "23514", "23505", "54000", "P0001"]) {
    assert.equal(ofRows(code), "rows", code);
  }
});

Deno.test("an internal error is a row's fault if PostGIS or a trigger raised it, otherwise the server's", () => {
  for (const file of ["lwgeom_export.c", "gserialized.c", "geography.c", "pl_exec.c"]) {
    assert.equal(ofRows("XX000", file), "rows", file);
  }
  for (const file of ["md.c", "heapam.c", undefined]) assert.equal(ofRows("XX000", file), "away");
  for (const code of ["XX001", "XX002"]) assert.equal(ofRows(code, "pl_exec.c"), "away", code);
});

Deno.test("errors about an unavailable database are no row's fault", () => {
  for (const code of ["08006", "25006", "40P01", "42P01", "53100", "55P03", "57014", "57P01"]) {
    assert.equal(ofRows(code), "away", code);
  }
});

Deno.test("outside of a statement with rows, only a constraint that is checked at the commit is a row's fault", () => {
  assert.equal(judgeFailure({ code: "23503" }), "rows");
  for (const code of ["22001", "54000", "P0001", "XX000"]) {
    assert.equal(judgeFailure({ code }), "away", code);
  }
  assert.equal(judgeFailure(new Error("no answer")), "away");
});

const NOW = new Date("2026-08-20T12:00:00Z");

Deno.test("ages are counted back in minutes, hours and days", () => {
  const olderThan = (text: string): string | undefined =>
    readFilter({ olderThan: text }, NOW).olderThan?.toISOString();
  assert.equal(olderThan("30m"), "2026-08-20T11:30:00.000Z");
  assert.equal(olderThan("12h"), "2026-08-20T00:00:00.000Z");
  assert.equal(olderThan("7d"), "2026-08-13T12:00:00.000Z");
  assert.equal(olderThan("2026-08-01T02:00:00+02:00"), "2026-08-01T00:00:00.000Z");
});

Deno.test("a part of a filter that can't be used is refused and named", () => {
  const wrong: readonly WrittenFilter[] = [
    { reason: "no_such_reason" },
    { collection: "app.subcult.*.x" },
    { collection: "" },
    { did: "alice" },
    { olderThan: "7 days" },
    { newerThan: "yesterday" },
  ];
  for (const written of wrong) {
    assert.throws(
      () => readFilter(written, NOW),
      (error) => error instanceof FilterError && error.part === Object.keys(written)[0],
      JSON.stringify(written),
    );
  }
  assert.deepEqual(readFilter({ collection: "app.subcult.*" }, NOW), {
    collection: "app.subcult.*",
  });
});
