/** `app.subcult.alliance`: one of the author's scenes vouches for another scene. */

import { z } from "zod";
import lexicon from "../../../lexicons/app/subcult/alliance.json" with { type: "json" };
import type { Collection, Reference } from "../collection.ts";
import { reference, text, time, weight } from "../field.ts";
import { mapBy } from "../validate_record.ts";

export const AllianceRecord = z.object({
  fromSceneId: reference(),
  toSceneId: reference(),
  weight: weight().nullish(),
  status: z.enum(["pending", "active", "rejected", "dissolved"]).nullish(),
  reason: text(256).nullish(),
  since: time().nullish(),
});

const FROM: Reference = {
  field: "fromSceneId",
  column: "from_scene_id",
  target: "app.subcult.scene",
  owned: true,
};

const TO: Reference = {
  field: "toSceneId",
  column: "to_scene_id",
  target: "app.subcult.scene",
  owned: false,
};

export const alliance: Collection = {
  nsid: "app.subcult.alliance",
  lexicon,
  mapping: 1,
  table: "alliances",
  columns: [
    { name: "weight", type: "float8" },
    { name: "status", type: "text" },
    { name: "reason", type: "text" },
    { name: "since", type: "timestamptz", orCreated: true },
  ],
  references: [FROM, TO],
  distinctReferences: true,
  map: mapBy(AllianceRecord, (fields) => {
    const row = {
      weight: fields.weight ?? 1,
      status: fields.status ?? "active",
      reason: fields.reason ?? null,
      since: fields.since ?? null,
    };
    return { row };
  }),
};
