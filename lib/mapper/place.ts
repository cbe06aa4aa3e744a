/** The place columns of scenes and events, from a coarsened record. */

import type { Refusal } from "../decoder/event.ts";
import { isObject, type Json, type JsonObject } from "../decoder/json.ts";
import type { Column, Context } from "./collection.ts";
import { COARSE_LENGTH, encodeGeohash, isOnEarth, roundGeohash } from "./geo/geohash.ts";
import { jitteredPoint, type Point } from "./jitter.ts";

export const PLACE_COLUMNS: readonly Column[] = [
  { name: "allow_precise", type: "boolean" },
  { name: "precise_point", type: "point", place: true },
  { name: "coarse_geohash", type: "text", place: true },
  { name: "display_point", type: "point", place: true },
];

export interface Place {
  /** True exactly when there is a precise point. */
  readonly allow_precise: boolean;
  readonly precise_point: Point | null;
  readonly coarse_geohash: string | null;
  /** The point for maps: the precise point, or one somewhere in the geohash cell. */
  readonly display_point: Point | null;
}

const NOWHERE: Place = {
  allow_precise: false,
  precise_point: null,
  coarse_geohash: null,
  display_point: null,
};

/** The location of a record as `coarsen` leaves it; any other form is refused here again. */
export function placeOf(record: JsonObject, { key, jitterSecret }: Context): Place | Refusal {
  const location = own(record, "location") ?? {};
  const beside = own(record, "coarseGeohash");
  if (isObject(location)) {
    const [lat, lng] = [own(location, "lat"), own(location, "lng")];
    const geohash = own(location, "coarseGeohash") ?? beside;
    if (typeof lat === "number" && typeof lng === "number") {
      if (own(location, "allowPrecise") === true && isOnEarth(lat, lng)) return precise([lng, lat]);
    } else if (lat === null && lng === null) {
      if (geohash === null) return NOWHERE;
      if (typeof geohash === "string" && geohash === roundGeohash(geohash, COARSE_LENGTH)) {
        return {
          allow_precise: false,
          precise_point: null,
          coarse_geohash: geohash,
          display_point: jitteredPoint(key, geohash, jitterSecret),
        };
      }
      return { reason: "invalid_geohash", detail: "coarseGeohash: expected a geohash" };
    }
  }
  return { reason: "invalid_location", detail: "location: expected lat and lng, or coarseGeohash" };
}

function own(object: JsonObject, key: string): Json {
  return Object.hasOwn(object, key) ? object[key] ?? null : null;
}

function precise(point: Point): Place {
  const [lng, lat] = point;
  return {
    allow_precise: true,
    precise_point: point,
    coarse_geohash: encodeGeohash(lat, lng, COARSE_LENGTH),
    display_point: point,
  };
}
