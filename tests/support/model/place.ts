/** The place of a scene or an event: what may be kept of it, by the consent of its record. */

import { cellOf, geohashOf } from "./geohash.ts";
import { decimal, entriesOf, type Fields } from "./fields.ts";
import type { Value } from "./tables.ts";

const NOWHERE: readonly [string, Value][] = [
  ["allow_precise", false],
  ["precise_point", null],
  ["coarse_geohash", null],
  ["display_point", null],
];

/** The four columns of a place. `display_point` is `exact` or `inside cell`. */
export function placeColumns(fields: Fields): readonly [string, Value][] {
  const location = fields.get("location");
  if (location !== undefined) return fromLocation(fields, location);
  const coarse = fields.get("coarseGeohash");
  if (coarse === undefined) return NOWHERE;
  if (typeof coarse !== "string") {
    fields.problems.push("invalid_type", "invalid_geohash");
    return NOWHERE;
  }
  if (cellOf(coarse) === null) fields.problems.push("invalid_geohash", "invalid_location");
  return coarsely(coarse.slice(0, 6));
}

function fromLocation(fields: Fields, location: unknown): readonly [string, Value][] {
  const parts = entriesOf(location);
  if (parts === null) {
    fields.problems.push("invalid_type", "invalid_location");
    return NOWHERE;
  }
  const [lat, lng] = [decimal(parts.get("lat")), decimal(parts.get("lng"))];
  if (lat === null || lng === null) {
    fields.problems.push("invalid_location", "invalid_type", "missing_field");
    return NOWHERE;
  }
  if (Math.abs(lat) > 90 || Math.abs(lng) > 180) {
    fields.problems.push("invalid_location", "out_of_range");
    return NOWHERE;
  }
  const coarse = geohashOf(lat, lng, 6);
  if (parts.get("allowPrecise") !== true) return coarsely(coarse);
  return [
    ["allow_precise", true],
    ["precise_point", { lat, lng }],
    ["coarse_geohash", coarse],
    ["display_point", "exact"],
  ];
}

function coarsely(geohash: string): readonly [string, Value][] {
  return [
    ["allow_precise", false],
    ["precise_point", null],
    ["coarse_geohash", geohash],
    ["display_point", "inside cell"],
  ];
}
