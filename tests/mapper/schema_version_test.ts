/** Records of older forms, which are converted to the newest whenever they are mapped. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../lib/decoder/json.ts";
import { newestForm, type Upgrade } from "../../lib/mapper/schema_version.ts";

/** Upgrades that record their call. */
const UPGRADES: readonly Upgrade[] = [1, 2].map((step) => ({
  apply: (record: JsonObject) => ({ ...record, steps: `${record["steps"] ?? ""}${step}` }),
}));

function stepsOf(schemaVersion: JsonObject[string]): unknown {
  const form = newestForm({ schemaVersion }, UPGRADES);
  if ("record" in form) return form.record["steps"] ?? "";
  return "newer" in form ? `newer ${form.newer}` : form.reason;
}

Deno.test("a record is converted step by step from its form to the newest", () => {
  assert.equal(stepsOf(null), "12");
  assert.equal(stepsOf(1), "12");
  assert.equal(stepsOf(2), "2");
  assert.equal(stepsOf(3), "");
  assert.equal(stepsOf("2"), "2");
});

Deno.test("a record of the first form that is newer than this program is reported as such", () => {
  assert.equal(stepsOf(4), "newer 4");
  assert.equal(stepsOf(999_999), "newer 999999");
  const alone = newestForm({ schemaVersion: 2 }, []);
  assert.deepEqual(alone, { newer: 2 });
});

Deno.test("an invalid form is out of range, and a record without a form has the first", () => {
  for (const form of [0, -1, 1.5, "one", "", "01", true, [1], { n: 1 }, 1_000_000]) {
    assert.equal(stepsOf(form), "out_of_range", JSON.stringify(form));
  }
  const first = newestForm({}, UPGRADES);
  assert.ok("record" in first && first.record["steps"] === "12");
});
