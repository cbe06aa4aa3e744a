import assert from "node:assert/strict";
import { aimOf, mayTake, surplus } from "../../lib/indexer/fair_share.ts";
import { type CursorUpdate, leastPosition } from "../../lib/repository/batch/position.ts";
import type { Sharers } from "../../lib/repository/partitions/instances.ts";
import { startPosition } from "../../lib/indexer/start_position.ts";

function sharers(
  partitions: number,
  wanting: readonly string[],
  others: readonly string[],
): Sharers {
  const instances = [
    ...wanting.map((holder) => ({ holder, wants: true })),
    ...others.map((holder) => ({ holder, wants: false })),
  ];
  return { partitions, instances, free: [] };
}

Deno.test("the targets of all instances add up to the partitions, and differ by one at most", () => {
  const ids = ["a", "b", "c", "d", "e"];
  for (let partitions = 1; partitions <= 12; partitions++) {
    for (let count = 1; count <= ids.length; count++) {
      const here = ids.slice(0, count);
      const aims = here.map((id) => aimOf(id, sharers(partitions, [], here)));
      assert.equal(aims.reduce((sum, aim) => sum + aim, 0), partitions);
      assert.ok(Math.max(...aims) - Math.min(...aims) <= 1);
    }
  }
});

Deno.test("an instance releases partitions above its target only when another one wants some", () => {
  assert.equal(surplus("a", 4, sharers(4, [], ["a", "b"])), 0);
  assert.equal(surplus("a", 4, sharers(4, ["b"], ["a"])), 2);
  assert.equal(surplus("a", 2, sharers(4, ["b"], ["a"])), 0);
});

Deno.test("an instance takes partitions up to its target, and more only if no other instance wants them", () => {
  assert.equal(mayTake("a", 1, sharers(4, ["a", "b"], [])), true);
  assert.equal(mayTake("a", 2, sharers(4, ["b"], ["a"])), false);
  assert.equal(mayTake("a", 2, sharers(4, [], ["a", "b"])), true);
});

Deno.test("the least position is a number only if all positions have the same numbering", () => {
  const at = (source: string, cursor: number, timeUs: number): CursorUpdate => {
    return { source, cursor, timeUs };
  };
  assert.equal(leastPosition([]), null);
  assert.deepEqual(leastPosition([at("x", 9, 90), at("x", 5, 50)]), at("x", 5, 50));
  assert.deepEqual(leastPosition([at("x", 9, 90), at("y", 5, 95)]), at("x", 90, 90));
  // Its numbers began anew.
  assert.deepEqual(leastPosition([at("x", 900, 90), at("x", 5, 95)]), at("x", 90, 90));
});

Deno.test("a partition without a position begins where START_FROM says, or live with the others", () => {
  const known = { source: "x", cursor: 5, timeUs: 50 };
  assert.equal(startPosition([known, null], { kind: "archive" }), null);
  assert.deepEqual(startPosition([known, null], { kind: "live" }), known);
  assert.equal(startPosition([null, null], { kind: "live" }), null);
});
