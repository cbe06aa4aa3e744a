/**
 * The keys of a record that name a place. This file is the list, with the words for coordinates in
 * `place_text/word.ts`. A key is compared without case, separators, accents and invisible characters, so
 * `GPS-Latitude`, `gps_latitude` and `gpsLatitude` are the same.
 */

import { tellsPlace } from "./place_text.ts";
import { foldText } from "../place_text/unicode_fold.ts";
import { EXTENT_WORDS, isCoordinateWord, PLACE_WORDS } from "../place_text/word.ts";

export type KeyPolicy =
  /** Names a place and nothing else: key and value are removed. */
  | "remove"
  /** Contains a geohash: cut to six characters; anything else is removed. */
  | "cut"
  /** May name a place: the value is kept unless it is finer than a hundredth of a degree. */
  | "inspect"
  | "keep";

/** Whole keys, without separators. */
const WHOLE: ReadonlyMap<string, KeyPolicy> = new Map([
  ...policy(
    "remove",
    // Coordinates in parts; E5 to E7 are whole numbers of small units.
    "lat lats lng lngs lon lons late5 late6 late7 lnge5 lnge6 lnge7 lone5 lone6 lone7",
    "easting northing eastings northings",
    // Coordinates in one value.
    "coord coords coordinate coordinates bbox boundingbox wkt ewkt wkb ewkb geom thegeom polyline",
    "encodedpolyline geopoint geojson geouri mgrs utm gridref gridreference osgridref",
    // Cells of other grids, none of which can be shortened like a geohash.
    "pluscode pluscodes openlocationcode olc globalcode compoundcode h3 h3index h3cell hthree",
    "s2 s2cell s2cellid s2id quadkey mapcode maidenhead locator what3words w3w threewords",
    // Written by cameras and phones.
    "exif exifdata xmp iptc gps bssid macaddress celltower celltowers",
    // A single house.
    "address1 address2 street streetaddress street1 street2 streetname streetnumber housenumber addressline",
    "addressline1 addressline2 homeaddress postcode postalcode zipcode",
    "strasse straße hausnummer postleitzahl plz rue calle улица rua",
  ),
  ...policy("cut", "geohash geohashes"),
  ...policy(
    "inspect",
    ...PLACE_WORDS,
    ...EXTENT_WORDS,
  ),
]);

/** Words for coordinates that have another meaning in a longer key: `long_name`, `geoTarget`. */
const NOT_IN_COMPOUNDS: ReadonlySet<string> = new Set(["long", "geo", "ll", "sll"]);

/** Words of a key in addition to those for coordinates. */
const WORDS: ReadonlySet<string> = new Set(["exif", "bbox", "geojson"]);

/** Parts of a key, to find lower-case compounds: `startlatitude`, `latitudine`. */
const PART =
  /latitud|longitud|lat(?:lng|long?)|(?:lng|long?)lat|geo(?:json|point|coord)|pluscode|what3words|^gps|^exif/;

/** `exactAddress`, `precisePoint`, `preciseLocation`, `exact_place`. */
const EXACT = /^(?:exact|precise).*(?:address|location|place|point|position|spot)$/;

/** Record keys are unlimited, so the cache is cleared at this size. */
const MAX_REMEMBERED = 4096;
const MAX_REMEMBERED_LENGTH = 64;

/** How to treat a key of a record and its value. A key can itself be text that contains a place. */
export const keyPolicy = remembering((key) => tellsPlace(key) ? "remove" : policyOfName(key));

/** How to treat a key by what it names alone. */
export const policyOfName = remembering((key) => {
  const plain = isAscii(key) ? key : foldText(key);
  const whole = withoutSeparators(plain);
  const exact = WHOLE.get(whole);
  if (exact !== undefined) return exact;
  if (whole.includes("geohash")) return "cut";
  const tells = isCoordinateWord(whole) || PART.test(whole) || EXACT.test(whole);
  return tells || hasPlaceWord(plain) ? "remove" : "keep";
});

function remembering(decide: (key: string) => KeyPolicy): (key: string) => KeyPolicy {
  const remembered = new Map<string, KeyPolicy>();
  return (key) => {
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const decided = decide(key);
    if (key.length <= MAX_REMEMBERED_LENGTH) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(key, decided);
    }
    return decided;
  };
}

function hasPlaceWord(key: string): boolean {
  const words = key.replace(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase().match(/[\p{L}\p{M}\d]+/gu);
  return words !== null && words.some((word) => {
    return WORDS.has(word) || isCoordinateWord(word) && !NOT_IN_COMPOUNDS.has(word);
  });
}

function withoutSeparators(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{M}\d]+/gu, "");
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function policy(policy: KeyPolicy, ...lists: string[]): [string, KeyPolicy][] {
  return lists.flatMap((list) => list.split(" ")).map((key) => [
    withoutSeparators(foldText(key)),
    policy,
  ]);
}
