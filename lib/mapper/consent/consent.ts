/**
 * Location consent. Runs when a record is decoded, before any other code sees it. The result contains exact
 * coordinates only where the author allowed them, so everything after may store, log and show it.
 *
 * A scene or an event has its location in `location`: `lat` and `lng` (numbers or decimal text) and
 * `allowPrecise`, or `coarseGeohash` instead of coordinates (there, or beside `location`). The result is one
 * of
 *
 * - `{ lat, lng, allowPrecise: true }`, both exact numbers, when `allowPrecise` is true;
 * - unchanged, when it is only a geohash of at most six characters;
 * - `{ allowPrecise: false, coarseGeohash }`, of at most six characters;
 * - a refusal, with a marker in place of the location, when the location can't be read.
 *
 * Every other place is removed from every record, in any collection and even with consent, which covers
 * `location` alone: see `hidden_place.ts`.
 */

import { isDeepStrictEqual } from "node:util";
import type { Refusal } from "../../decoder/event.ts";
import { isObject, type Json, type JsonObject } from "../../decoder/json.ts";
import { DEFAULT_LIMITS } from "../../decoder/limits.ts";
import { decimalNumber } from "../decimal.ts";
import { COARSE_LENGTH, encodeGeohash, isOnEarth, roundGeohash } from "../geo/geohash.ts";
import { withoutHiddenPlaces } from "./hidden_place.ts";
import { keyPolicy } from "./place_key.ts";
import { PLACE_REMOVED } from "./place_text.ts";

/** A record that may be kept. With a refusal, what is left of a rejected record. */
export interface Coarsened {
  readonly record: JsonObject;
  readonly refusal: Refusal | null;
}

/**
 * The version of all rules for places. Increased whenever a record keeps less, or something else, than before: then
 * the log asks for a `reindex`, which applies the rules to the records that are stored.
 */
export const PLACE_RULES = 1;

/** The collections whose records have a location and consent. */
const CONSENTING: ReadonlySet<string> = new Set(["app.subcult.scene", "app.subcult.event"]);

const OWN_FIELDS: ReadonlySet<string> = new Set(["location", "coarseGeohash"]);
const NO_FIELDS: ReadonlySet<string> = new Set();

/**
 * A record without any place that its author did not allow; the same object when there is none. Never changes
 * its input. Idempotent for every record within the budget of the search.
 */
export function coarsen(collection: string, record: JsonObject): Coarsened {
  return coarsenWithin(collection, record);
}

/**
 * The same for a record that is stored, perhaps by a version with other rules. Idempotent for every record: it is
 * searched as if it were the largest one, because another limit would cut what the first search left once more.
 */
export function coarsenStored(collection: string, record: JsonObject): Coarsened {
  const coarse = coarsenWithin(collection, record, DEFAULT_LIMITS.recordBytes);
  return isDeepStrictEqual(coarse.record, record) ? { ...coarse, record } : coarse;
}

/** `size`: of the record, as in `sizeOf`, when the search is not limited by its own. */
function coarsenWithin(collection: string, record: JsonObject, size?: number): Coarsened {
  const isConsenting = CONSENTING.has(collection);
  const cleaned = withoutHiddenPlaces(record, isConsenting ? OWN_FIELDS : NO_FIELDS, size);
  if (cleaned === null) {
    const detail = "got a record nested deeper than 128 levels";
    return { record: {}, refusal: { reason: "record_too_deep", detail } };
  }
  if (!isConsenting) return { record: cleaned, refusal: null };
  const location = own(cleaned, "location");
  const geohash = own(cleaned, "coarseGeohash");
  if (isCoarse(location, geohash)) return { record: cleaned, refusal: null };
  const place = decide(location, geohash);
  if (!("reason" in place)) {
    return { record: withPlace(cleaned, "location", place.kept), refusal: null };
  }
  const field = place.reason === "invalid_geohash" ? "coarseGeohash" : "location";
  return { record: withPlace(cleaned, field, PLACE_REMOVED), refusal: place };
}

/** Whether a location needs no coarsening: it is only a coarse geohash, or absent. */
function isCoarse(location: Json, geohashBeside: Json): boolean {
  if (location !== null && !isObject(location)) return false;
  const { coarseGeohash = null, allowPrecise = null, ...rest } = location ?? {};
  return Object.keys(rest).length === 0 &&
    (allowPrecise === null || typeof allowPrecise === "boolean") &&
    [coarseGeohash, geohashBeside].every((geohash) =>
      geohash === null || (typeof geohash === "string" && geohash === roundGeohash(geohash))
    );
}

/** What is kept of a location; `kept` is null when there was none. */
type Decision = { readonly kept: JsonObject | null } | Refusal;

function decide(location: Json, geohashBeside: Json): Decision {
  if (location !== null && !isObject(location)) {
    return refuse("invalid_location", "location: expected an object");
  }
  const told = [own(location ?? {}, "lat"), own(location ?? {}, "lng")] as const;
  const [lat, lng] = [decimalNumber(told[0]), decimalNumber(told[1])];
  if (told[0] !== null || told[1] !== null) {
    if (lat === null || lng === null) {
      return refuse(
        "invalid_location",
        "location: expected lat and lng, both numbers or decimal text",
      );
    }
    if (!isOnEarth(lat, lng)) {
      return refuse("invalid_location", "location: expected lat within ±90 and lng within ±180");
    }
  }
  const geohash = own(location ?? {}, "coarseGeohash") ?? geohashBeside;
  const coarse = typeof geohash === "string" ? roundGeohash(geohash) : null;
  if (geohash !== null && coarse === null) {
    return refuse("invalid_geohash", "coarseGeohash: expected a geohash");
  }
  if (lat !== null && lng !== null) {
    if (own(location ?? {}, "allowPrecise") === true) {
      return { kept: { lat, lng, allowPrecise: true } };
    }
    // The author's own geohash takes precedence over the coordinates.
    const coarseGeohash = coarse ?? encodeGeohash(lat, lng, COARSE_LENGTH);
    return { kept: { allowPrecise: false, coarseGeohash } };
  }
  if (coarse !== null) return { kept: { allowPrecise: false, coarseGeohash: coarse } };
  if (location !== null && tellsPlaceOtherwise(location)) {
    return refuse("invalid_location", "location: expected lat and lng, or coarseGeohash");
  }
  return { kept: null };
}

/**
 * A location under names that the app doesn't read (`lon`, `latitude`, GeoJSON) is not a missing location.
 */
function tellsPlaceOtherwise(location: JsonObject): boolean {
  return Object.entries(location).some(([key, value]) => {
    if (value === null || OWN_FIELDS.has(key)) return false;
    const policy = keyPolicy(key);
    if (policy === "remove" || policy === "cut") return true;
    return policy === "inspect" && (typeof value === "object" || typeof value === "number");
  });
}

/** The record with only that field of its location; null removes it too. */
function withPlace(record: JsonObject, field: string, value: Json): JsonObject {
  const entries = Object.entries(record).filter(([key]) => !OWN_FIELDS.has(key));
  if (value !== null) entries.push([field, value]);
  // Defines properties instead of assigning: `__proto__` stays an ordinary key.
  return Object.fromEntries(entries);
}

function own(object: JsonObject, key: string): Json {
  return Object.hasOwn(object, key) ? object[key] ?? null : null;
}

function refuse(reason: "invalid_location" | "invalid_geohash", detail: string): Refusal {
  return { reason, detail };
}
