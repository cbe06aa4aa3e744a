/** The place columns of scenes and events, from a coarsened record. */

import type { Refusal } from "../decoder/event.ts";
import { isObject, type JsonObject } from "../decoder/json.ts";
import type { Column, Context } from "./collection.ts";
import { COARSE_LENGTH, encodeGeohash, isOnEarth, roundGeohash } from "./geohash.ts";
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
  /** What a map may show: the precise point, or one somewhere in the cell of the geohash. */
  readonly display_point: Point | null;
}

const NOWHERE: Place = {
  allow_precise: false,
  precise_point: null,
  coarse_geohash: null,
  display_point: null,
};

/** The place of a record as `coarsen` leaves it; any other shape is refused here once more. */
export function placeOf(record: JsonObject, { key, jitterSecret }: Context): Place | Refusal {
  if (Object.hasOwn(record, "coarseGeohash") && record.coarseGeohash !== null) {
    return { reason: "invalid_geohash", detail: "coarseGeohash: expected a geohash" };
  }
  const location = Object.hasOwn(record, "location") ? record.location ?? null : null;
  if (location === null) return NOWHERE;
  if (isObject(location)) {
    const { allowPrecise, lat, lng, coarseGeohash } = location;
    if (allowPrecise === true && typeof lat === "number" && typeof lng === "number") {
      if (isOnEarth(lat, lng)) return precise([lng, lat]);
    } else if (allowPrecise === false && typeof coarseGeohash === "string") {
      const isCoarse = coarseGeohash === roundGeohash(coarseGeohash, COARSE_LENGTH);
      if (isCoarse && lat === undefined && lng === undefined) {
        return {
          allow_precise: false,
          precise_point: null,
          coarse_geohash: coarseGeohash,
          display_point: jitteredPoint(key, coarseGeohash, jitterSecret),
        };
      }
    }
  }
  return { reason: "invalid_location", detail: "location: expected lat and lng, or coarseGeohash" };
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
