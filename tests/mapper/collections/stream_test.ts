import assert from "node:assert/strict";
import { AUTHOR, collectionOf, mapped, refused, tryMap } from "../../support/mapper_sample.ts";

Deno.test("a minimal stream belongs to its author, is not ended, and started at its creation", () => {
  const { row } = mapped("stream", {});
  assert.deepEqual(row, {
    host_did: AUTHOR,
    room_name: "scene-1-1700000000",
    started_at: null,
    ended_at: null,
    is_locked: false,
    featured_participant: null,
  });
});

Deno.test("a complete stream keeps its times, its lock and who is featured", () => {
  const { row } = mapped("stream", {
    startedAt: "2026-08-20T08:00:00Z",
    endedAt: "2026-08-20T09:00:00Z",
    isLocked: true,
    featuredParticipant: "alice",
    participantCount: 99,
  });
  assert.deepEqual(row, {
    host_did: AUTHOR,
    room_name: "scene-1-1700000000",
    started_at: "2026-08-20T08:00:00.000000Z",
    ended_at: "2026-08-20T09:00:00.000000Z",
    is_locked: true,
    featured_participant: "alice",
  });
});

Deno.test("a stream is of one scene or of one event, which its author owns", () => {
  const ofScene = mapped("stream", { eventId: null }).references;
  const ofEvent = mapped("stream", { sceneId: null, eventId: "event1" }).references;
  assert.deepEqual(
    [ofScene, ofEvent].map((
      [link],
    ) => [link?.reference.column, link?.reference.owned, link?.value]),
    [["scene_id", true, "scene1"], ["event_id", true, "event1"]],
  );
  assert.equal(refused("stream", { eventId: "event1" }).reason, "too_many");
  assert.equal(refused("stream", { sceneId: null }).reason, "missing_field");
  const neither = tryMap("stream", { roomName: "x" });
  assert.ok("reason" in neither);
  assert.equal(neither.reason, "missing_field");
});

Deno.test("a stream doesn't end before it starts, but it may end at once", () => {
  const startedAt = "2026-08-20T08:00:00Z";
  assert.equal(
    mapped("stream", { startedAt, endedAt: startedAt }).row.ended_at,
    "2026-08-20T08:00:00.000000Z",
  );
  assert.equal(
    refused("stream", { startedAt, endedAt: "2026-08-20T07:59:59Z" }).reason,
    "time_order",
  );
  // Without a start, it began when the record was made.
  assert.equal(refused("stream", { endedAt: "2026-08-20T09:30:01Z" }).reason, "time_order");
  mapped("stream", { createdAt: "2026-08-20T09:00:00Z", endedAt: "2026-08-20T09:30:01Z" });
});

Deno.test("a deleted stream has ended", () => {
  assert.match(collectionOf("stream").whenHidden ?? "", /^ended_at = coalesce\(t\.ended_at, /);
});
