/** A collection that the program doesn't have, as its module would be, in two versions of the program. */

import { z } from "zod";
import type { Collection } from "../../../lib/mapper/collection.ts";
import { reference, requiredText } from "../../../lib/mapper/field.ts";
import type { Upgrade } from "../../../lib/mapper/schema_version.ts";
import { mapBy } from "../../../lib/mapper/validate_record.ts";
import type { Migration } from "../../../lib/repository/schema/migrations.ts";
import lexicon from "./venue.json" with { type: "json" };
import sql from "./0099_venues.sql" with { type: "text" };

export const VENUES: Migration = { version: 99, name: "venues", sql };

/** The first form called the scene and the name otherwise. */
const TO_SECOND: Upgrade = {
  links: ["scene"],
  apply: ({ scene = null, title = null, ...rest }) => ({ ...rest, sceneId: scene, name: title }),
};

/** The third form has a capacity; in the second it was unknown. */
const TO_THIRD: Upgrade = { apply: (record) => ({ ...record, capacity: null }) };

const VenueRecord = z.object({
  name: requiredText(255),
  sceneId: reference(),
  capacity: z.int().min(0).nullish(),
});

const venue: Collection = {
  nsid: "app.subcult.venue",
  lexicon,
  mapping: 1,
  upgrades: [TO_SECOND],
  table: "venues",
  columns: [
    { name: "name", type: "text" },
    { name: "capacity", type: "float8" },
  ],
  references: [
    { field: "sceneId", column: "scene_id", target: "app.subcult.scene", owned: false },
  ],
  map: mapBy(VenueRecord, ({ name, capacity }) => ({ row: { name, capacity: capacity ?? null } })),
};

/** As a program has it that knows the second form, and one that knows the third. */
export const WITH_SECOND_FORM = venue;
export const WITH_THIRD_FORM: Collection = { ...venue, upgrades: [TO_SECOND, TO_THIRD] };
