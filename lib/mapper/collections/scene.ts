/** `app.subcult.scene`: a scene of its author, with a place that its author may keep coarse. */

import { z } from "zod";
import lexicon from "../../../lexicons/app/subcult/scene.json" with { type: "json" };
import type { Collection } from "../collection.ts";
import { requiredText, tags, text } from "../field.ts";
import { PLACE_COLUMNS, placeOf } from "../place.ts";
import { mapBy } from "../validate_record.ts";

const colour = text(32).nullish();

export const SceneRecord = z.object({
  name: requiredText(255),
  description: text(10_000).nullish(),
  tags: tags().nullish(),
  visibility: z.enum(["public", "private", "unlisted"]).nullish(),
  palette: z.object({
    primary: colour,
    secondary: colour,
    accent: colour,
    background: colour,
    text: colour,
  }).nullish(),
});

export const scene: Collection = {
  nsid: "app.subcult.scene",
  lexicon,
  mapping: 1,
  table: "scenes",
  columns: [
    { name: "name", type: "text" },
    { name: "description", type: "text" },
    { name: "owner_did", type: "text" },
    ...PLACE_COLUMNS,
    { name: "tags", type: "text[]" },
    { name: "visibility", type: "text" },
    { name: "palette", type: "jsonb" },
  ],
  references: [],
  map: mapBy(SceneRecord, (fields, context) => {
    const place = placeOf(context.record, context);
    if ("reason" in place) return place;
    const row = {
      name: fields.name,
      description: fields.description ?? null,
      owner_did: context.key.did,
      ...place,
      tags: fields.tags ?? [],
      visibility: fields.visibility ?? "public",
      palette: paletteOf(fields.palette),
    };
    return { row };
  }),
};

/** All colours when there is a palette, missing ones as empty text: the app's queries expect that. */
function paletteOf(palette: z.output<typeof SceneRecord>["palette"]): Record<string, string> {
  if (!palette) return {};
  return {
    primary: palette.primary ?? "",
    secondary: palette.secondary ?? "",
    accent: palette.accent ?? "",
    background: palette.background ?? "",
    text: palette.text ?? "",
  };
}
