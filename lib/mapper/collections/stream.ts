/** `app.subcult.stream`: a live session of a scene or of an event that its host owns. */

import { z } from "zod";
import lexicon from "../../../lexicons/app/subcult/stream.json" with { type: "json" };
import type { Collection, Reference } from "../collection.ts";
import { reference, requiredText, text, time } from "../field.ts";
import { mapBy } from "../validate_record.ts";
import { createdAt } from "../timestamp.ts";

export const StreamRecord = z.object({
  sceneId: reference().nullish(),
  eventId: reference().nullish(),
  roomName: requiredText(255),
  startedAt: time().nullish(),
  endedAt: time().nullish(),
  isLocked: z.boolean().nullish(),
  featuredParticipant: text(255).nullish(),
});

const SCENE: Reference = {
  field: "sceneId",
  column: "scene_id",
  target: "app.subcult.scene",
  owned: true,
};

const EVENT: Reference = {
  field: "eventId",
  column: "event_id",
  target: "app.subcult.event",
  owned: true,
};

export const stream: Collection = {
  nsid: "app.subcult.stream",
  lexicon,
  mapping: 1,
  table: "stream_sessions",
  columns: [
    { name: "host_did", type: "text" },
    { name: "room_name", type: "text" },
    { name: "started_at", type: "timestamptz", orCreated: true },
    { name: "ended_at", type: "timestamptz" },
    { name: "is_locked", type: "boolean" },
    { name: "featured_participant", type: "text" },
  ],
  references: [SCENE, EVENT],
  // When the record is deleted, the session has ended: now, or at its start if that is in the future.
  whenHidden: "ended_at = coalesce(t.ended_at, greatest(t.started_at, now()))",
  map: mapBy(StreamRecord, (fields, { key, record, timeUs }) => {
    const { sceneId, eventId } = fields;
    if (sceneId && eventId) {
      return { reason: "too_many", detail: "sceneId, eventId: got both, expected one of them" };
    }
    if (!sceneId && !eventId) {
      return { reason: "missing_field", detail: "sceneId, eventId: expected one of them" };
    }
    const startedAt = fields.startedAt ?? createdAt(record, timeUs);
    const endedAt = fields.endedAt ?? null;
    if (endedAt !== null && endedAt < startedAt) {
      return {
        reason: "time_order",
        detail: "endedAt: expected no time before the session's start",
      };
    }
    const row = {
      host_did: key.did,
      room_name: fields.roomName,
      started_at: fields.startedAt ?? null,
      ended_at: endedAt,
      is_locked: fields.isLocked ?? false,
      featured_participant: fields.featuredParticipant ?? null,
    };
    return { row };
  }),
};
