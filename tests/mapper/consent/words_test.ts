/** Each word that names a place, and each limit of the rules for numbers, tested on its own. */

import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../../lib/decoder/json.ts";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";
import { withoutPlaces } from "../../../lib/mapper/consent/place_text.ts";

function after(record: JsonObject): JsonObject {
  return coarsen("com.example.any", record).record;
}

/** A key's value by itself says nothing of a place: only its key can. */
function isRemoved(key: string): boolean {
  return !Object.hasOwn(after({ [key]: "a word" }), key);
}

const REMOVED = [
  "lat lats lng lngs lon lons late5 late6 late7 lnge5 lnge6 lnge7 lone5 lone6 lone7",
  "easting northing eastings northings",
  "coord coords coordinate coordinates bbox boundingbox wkt ewkt wkb ewkb geom thegeom polyline",
  "encodedpolyline geopoint geojson geouri mgrs utm gridref gridreference osgridref",
  "pluscode pluscodes openlocationcode olc globalcode compoundcode h3 h3index h3cell hthree",
  "s2 s2cell s2cellid s2id quadkey mapcode maidenhead locator what3words w3w threewords",
  "exif exifdata xmp iptc gps bssid",
  "street streetaddress street1 street2 streetname streetnumber housenumber addressline",
  "addressline1 addressline2 homeaddress postcode postalcode zipcode",
  "strasse straße hausnummer postleitzahl plz rue calle улица rua",
  "exactAddress precisePoint preciseLocation exact_place exactSpot precise_position",
].flatMap((list) => list.split(" "));

Deno.test("each key that names a place is removed, in any case and with separators", () => {
  for (const key of REMOVED) {
    for (const written of [key, key.toUpperCase(), `_${key}`, key.replace(/^(.)/, "$1-")]) {
      assert.ok(isRemoved(written), written);
    }
  }
});

Deno.test("each key that holds a geohash is cut", () => {
  for (const key of "geohash geohashes coarse_geohash geohash7 GEOHASH venueGeohash".split(" ")) {
    assert.deepEqual(after({ [key]: "c22yzug" }), { [key]: "c22yzu" }, key);
    assert.deepEqual(after({ [key]: "no geohash" }), {}, key);
  }
});

Deno.test("words for coordinates that mean something else in a longer key are kept there", () => {
  for (
    const key of ["long_name", "longDescription", "geoTarget", "geo_label", "ll_id", "sll-count"]
  ) {
    assert.ok(!isRemoved(key), key);
  }
});

Deno.test("each member that names its neighbour is checked", () => {
  for (const key of "name key k label tag field property id".split(" ")) {
    const named = { items: [{ [key]: "latitude", value: 47.60621 }] };
    assert.deepEqual(after(named), { items: [{ [key]: "latitude" }] }, key);
    const other = { items: [{ [key]: "weight", value: 47.60621 }] };
    assert.deepEqual(after(other), other, key);
  }
});

Deno.test("under a key of a place a whole number is kept up to 100,000, and not one more", () => {
  for (const kept of [100_000, -100_000, "100000"]) {
    assert.deepEqual(after({ address: { n: kept } }), { address: { n: kept } });
  }
  for (const removed of [100_001, -100_001]) {
    assert.deepEqual(after({ address: { n: removed } }), { address: {} });
  }
  assert.deepEqual(after({ address: { n: "100001" } }), { address: { n: "[place removed]" } });
});

Deno.test("a pair of numbers is a place if it is more than one degree away from (0, 0), up to the poles", () => {
  const isPlace = (pair: readonly Json[]): boolean => !Object.hasOwn(after({ pair }), "pair");
  assert.ok(isPlace([-0.123, 1.001]));
  assert.ok(isPlace([0.123, 5.001]));
  assert.ok(!isPlace([0.123, 5]), "the Gulf of Guinea");
  assert.ok(!isPlace([-0.123, 1]));
  assert.ok(isPlace([90, 180.001 - 0.002]));
  assert.ok(!isPlace([90.001, 91]));
  assert.ok(!isPlace([12.345, 180.001]));
  // Two decimals are a kilometre, three are finer than may be kept.
  assert.ok(!isPlace([47.61, -122.33]));
  assert.ok(isPlace([47.61, -122.333]));
});

Deno.test("a list of two to four numbers can be a place, a list of one or five can't", () => {
  const left = (list: readonly Json[]): Json | undefined => after({ list })["list"];
  assert.equal(left([47.60621, -122.33207, 30, 5]), undefined);
  assert.equal(left([47.60621, -122.33207]), undefined);
  assert.deepEqual(left([47.60621]), [47.60621]);
  assert.deepEqual(left([47.60621, -122.33207, 200, 5, 6]), [200, 5, 6]);
});

Deno.test("two numbers with four decimals are a place after any word", () => {
  for (const word of ["price", "score", "v", "time"]) {
    assert.doesNotMatch(withoutPlaces(`${word} 47.6062, 122.3321`), /\d/, word);
  }
  const prices = "price 47.50, 122.30";
  assert.equal(withoutPlaces(prices), prices);
});

Deno.test("two coordinates are a pair with up to forty characters between them", () => {
  const between = (length: number): string => ` ${"x".repeat(length - 2)} `;
  assert.doesNotMatch(withoutPlaces(`47.60621${between(40)}122.33207`), /\d/);
  const apart = `47.60621${between(41)}122.33207`;
  assert.equal(withoutPlaces(apart), apart);
});
