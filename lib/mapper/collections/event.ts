/** `app.subcult.event`: an event of a scene that its author owns. */

import { z } from "zod";
import lexicon from "../../../lexicons/app/subcult/event.json" with { type: "json" };
import { isoFromMicros } from "../../micros.ts";
import type { Collection, Reference } from "../collection.ts";
import { reference, requiredText, tags, text, time } from "../field.ts";
import { PLACE_COLUMNS, placeOf } from "../place.ts";
import { mapBy } from "../validate_record.ts";

export const EventRecord = z.object({
  name: requiredText(255),
  sceneId: reference(),
  startsAt: time(),
  endsAt: time().nullish(),
  description: text(10_000).nullish(),
  tags: tags().nullish(),
  status: z.enum(["scheduled", "live", "ended", "cancelled"]).nullish(),
});

const SCENE: Reference = {
  field: "sceneId",
  column: "scene_id",
  target: "app.subcult.scene",
  owned: true,
};

export const event: Collection = {
  nsid: "app.subcult.event",
  lexicon,
  mapping: 1,
  table: "events",
  columns: [
    { name: "title", type: "text" },
    { name: "description", type: "text" },
    ...PLACE_COLUMNS,
    { name: "tags", type: "text[]" },
    { name: "status", type: "text" },
    { name: "starts_at", type: "timestamptz" },
    { name: "ends_at", type: "timestamptz" },
    { name: "cancelled_at", type: "timestamptz" },
  ],
  references: [SCENE],
  map: mapBy(EventRecord, (fields, context) => {
    const endsAt = fields.endsAt ?? null;
    if (endsAt !== null && endsAt <= fields.startsAt) {
      return { reason: "time_order", detail: "endsAt: expected a time after startsAt" };
    }
    const place = placeOf(context.record, context);
    if ("reason" in place) return place;
    const status = fields.status ?? "scheduled";
    const row = {
      title: fields.name,
      description: fields.description ?? null,
      ...place,
      tags: fields.tags ?? [],
      status,
      starts_at: fields.startsAt,
      ends_at: endsAt,
      // The record has no such field: the time of the revision that cancelled it is used.
      cancelled_at: status === "cancelled" ? isoFromMicros(context.timeUs) : null,
    };
    return { row };
  }),
};
