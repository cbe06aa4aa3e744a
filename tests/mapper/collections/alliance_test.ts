import assert from "node:assert/strict";
import {
  collectionOf,
  columnOf,
  mapped,
  refused,
  tryMap,
  without,
} from "../../support/mapper_sample.ts";

Deno.test("M-15 a minimal alliance is active, has full weight, and its since is its creation", () => {
  const { row, references } = mapped("alliance", {});
  assert.deepEqual(row, { weight: 1, status: "active", reason: null, since: null });
  assert.deepEqual(references.map(({ reference, value }) => [reference.column, value]), [
    ["from_scene_id", "scene1"],
    ["to_scene_id", "scene2"],
  ]);
});

Deno.test("an alliance without since leaves it to the writer, which knows the first creation time", () => {
  const { row } = mapped("alliance", { createdAt: "2026-08-01T12:00:00+02:00" });
  assert.equal(row.since, null);
  assert.ok(columnOf("alliance", "since").orCreated);
});

Deno.test("M-16 a complete alliance keeps weight, status, reason and since", () => {
  const { row } = mapped("alliance", {
    weight: 0.75,
    status: "pending",
    reason: "old friends",
    since: "2025-01-01T00:00:00Z",
  });
  assert.deepEqual(row, {
    weight: 0.75,
    status: "pending",
    reason: "old friends",
    since: "2025-01-01T00:00:00.000000Z",
  });
});

Deno.test("M-16 a weight of 2.5 is refused, as the table would", () => {
  const { reason, detail } = refused("alliance", { weight: 2.5 });
  assert.equal(reason, "out_of_range");
  assert.equal(detail, "weight: got a number, expected at most 1");
});

Deno.test("an alliance of weight 0 or 1 keeps it", () => {
  for (const weight of [0, 1]) assert.equal(mapped("alliance", { weight }).row.weight, weight);
});

Deno.test("M-17 an alliance without either end is refused", () => {
  for (const field of ["fromSceneId", "toSceneId"]) {
    const result = tryMap("alliance", without("alliance", field));
    assert.ok("reason" in result);
    assert.equal(result.reason, "missing_field");
  }
});

Deno.test("M-18 an alliance with an invalid since is rejected", () => {
  assert.equal(refused("alliance", { since: "long ago" }).reason, "invalid_time");
});

Deno.test("an alliance needs two different scenes, and its author owns the first", () => {
  const { references } = mapped("alliance", {});
  assert.deepEqual(references.map(({ reference }) => reference.owned), [true, false]);
  assert.equal(collectionOf("alliance").distinctReferences, true);
});
