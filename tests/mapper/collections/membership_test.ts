import assert from "node:assert/strict";
import { AUTHOR, columnOf, mapped, refused, STRANGER } from "../../support/mapper_sample.ts";

const CLAIMS = { role: "owner", status: "active", trustWeight: 1 };

Deno.test("a membership in the member's own repository is a request, whatever it claims", () => {
  const request = {
    user_did: AUTHOR,
    role: "member",
    status: "pending",
    record_status: "pending",
    trust_weight: 0.5,
  };
  for (const fields of [{}, CLAIMS, { ...CLAIMS, member: null }, { ...CLAIMS, member: AUTHOR }]) {
    const { row, references } = mapped("membership", fields);
    assert.deepEqual(row, { ...request, since: null });
    assert.deepEqual(references.map(({ reference }) => reference.owned), [false]);
  }
});

Deno.test("a membership that names another account is a decision, and its author must own the scene", () => {
  const { row, references } = mapped("membership", { ...CLAIMS, member: STRANGER });
  assert.deepEqual(row, {
    user_did: STRANGER,
    role: "owner",
    status: "active",
    record_status: "active",
    trust_weight: 1,
    since: null,
  });
  assert.deepEqual(references.map(({ reference, value }) => [reference, value]), [[
    {
      field: "sceneId",
      column: "record_scene_id",
      target: "app.subcult.scene",
      owned: true,
      madeBy: "decisions",
    },
    "scene1",
  ]]);
});

Deno.test("a decision has the defaults of a request", () => {
  const { row } = mapped("membership", { member: STRANGER });
  assert.deepEqual([row.role, row.status, row.trust_weight], ["member", "pending", 0.5]);
});

Deno.test("a decision of weight 0 keeps it", () => {
  assert.equal(mapped("membership", { member: STRANGER, trustWeight: 0 }).row.trust_weight, 0);
});

Deno.test("MB-07 a bad role or weight is refused, in a request as in a decision", () => {
  for (const member of [null, STRANGER]) {
    assert.equal(refused("membership", { member, role: "admin" }).reason, "unknown_value");
    assert.equal(refused("membership", { member, trustWeight: 1.5 }).reason, "out_of_range");
    assert.equal(refused("membership", { member, trustWeight: -0.1 }).reason, "out_of_range");
    assert.equal(refused("membership", { member, status: "banned" }).reason, "unknown_value");
  }
});

Deno.test("MB-07 every role of the app is a role", () => {
  for (const role of ["owner", "curator", "member", "guest"]) {
    assert.equal(mapped("membership", { member: STRANGER, role }).row.role, role);
  }
});

Deno.test("MB-07 since is the record's field, or the creation time of the record", () => {
  const since = mapped("membership", { since: "2025-05-01T00:00:00Z" });
  assert.equal(since.row.since, "2025-05-01T00:00:00.000000Z");
  const made = mapped("membership", { createdAt: "2026-01-01T00:00:00Z" });
  assert.equal(made.row.since, null);
  assert.ok(columnOf("membership", "since").orCreated);
});
