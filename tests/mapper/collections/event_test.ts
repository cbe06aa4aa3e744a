import assert from "node:assert/strict";
import {
  EVENT_TIME,
  EVENT_TIME_US,
  mapped,
  refused,
  tryMap,
  without,
} from "../../support/mapper_sample.ts";

Deno.test("M-07 F-06 a minimal event has its title from name, and is scheduled", () => {
  const { row, references } = mapped("event", {});
  assert.deepEqual(row, {
    title: "Opening night",
    description: null,
    allow_precise: false,
    precise_point: null,
    coarse_geohash: null,
    display_point: null,
    tags: [],
    status: "scheduled",
    starts_at: "2026-09-01T20:00:00.000000Z",
    ends_at: null,
    cancelled_at: null,
  });
  assert.deepEqual(references.map(({ reference, value }) => [reference.column, value]), [
    ["scene_id", "scene1"],
  ]);
});

Deno.test("M-08 a complete event keeps description, end, tags, status and its consented point", () => {
  const { row } = mapped("event", {
    description: "All night",
    endsAt: "2026-09-02T04:00:00+02:00",
    tags: ["a", "b"],
    status: "live",
    location: { lat: 52.52, lng: 13.405, allowPrecise: true },
  });
  assert.equal(row.description, "All night");
  assert.equal(row.ends_at, "2026-09-02T02:00:00.000000Z");
  assert.deepEqual(row.tags, ["a", "b"]);
  assert.equal(row.status, "live");
  assert.deepEqual([row.allow_precise, row.precise_point], [true, [13.405, 52.52]]);
});

Deno.test("M-09 F-06 F-07 FC-08 an event needs name, sceneId and startsAt", () => {
  for (const field of ["name", "sceneId", "startsAt"]) {
    const result = tryMap("event", without("event", field));
    assert.ok("reason" in result);
    assert.equal(result.reason, "missing_field");
    assert.ok(result.detail.startsWith(`${field}: got nothing`));
  }
  assert.equal(refused("event", { name: true }).reason, "invalid_type");
  assert.equal(refused("event", { sceneId: 5 }).reason, "invalid_type");
});

Deno.test("M-10 an event with an invalid start time is rejected", () => {
  assert.equal(refused("event", { startsAt: "next friday" }).reason, "invalid_time");
});

Deno.test("an event's scene must be its author's", () => {
  const [link] = mapped("event", {}).references;
  assert.deepEqual(link?.reference, {
    field: "sceneId",
    column: "scene_id",
    target: "app.subcult.scene",
    owned: true,
  });
});

Deno.test("an event ends after it starts, whatever the zones", () => {
  const startsAt = "2026-09-01T20:00:00Z";
  assert.equal(refused("event", { startsAt, endsAt: startsAt }).reason, "time_order");
  assert.equal(
    refused("event", { startsAt, endsAt: "2026-09-01T21:00:00+02:00" }).reason,
    "time_order",
  );
  assert.equal(refused("event", { startsAt, endsAt: "2026-08-31T20:00:00Z" }).reason, "time_order");
  const { row } = mapped("event", { startsAt, endsAt: "2026-09-01T19:00:00.000001-01:00" });
  assert.equal(row.ends_at, "2026-09-01T20:00:00.000001Z");
});

Deno.test("cancelled_at is the time of the cancelling revision, and null for any other status", () => {
  assert.equal(mapped("event", { status: "cancelled" }).row.cancelled_at, EVENT_TIME);
  const later = mapped("event", { status: "cancelled" }, { timeUs: EVENT_TIME_US + 1 });
  assert.equal(later.row.cancelled_at, "2026-08-20T09:30:01.004513Z");
  for (const status of ["scheduled", "live", "ended"]) {
    assert.equal(mapped("event", { status }).row.cancelled_at, null);
  }
});
