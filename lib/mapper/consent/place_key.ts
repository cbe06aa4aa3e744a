/**
 * The keys of a record that name a place. This file is the list, with the words for coordinates in
 * `place_text/word.ts`. A key is compared without case, separators, accents and invisible characters, so
 * `GPS-Latitude`, `gps_latitude` and `gpsLatitude` are the same.
 */

import { tellsPlace } from "./place_text.ts";
import { isAsciiDigit } from "../place_text/ascii.ts";
import { wordFrom } from "../place_text/neighbour.ts";
import type { SearchBudget } from "../place_text/search_budget.ts";
import { foldedText, NormalizedText } from "../place_text/normalized_text.ts";
import { foldText } from "../place_text/unicode_fold.ts";
import { EXTENT_WORDS, isCoordinateWord, PLACE_WORDS } from "../place_text/word.ts";
import { WordList } from "../place_text/word_list.ts";

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
    ...PLACE_WORDS.words,
    ...EXTENT_WORDS.words,
  ),
]);

const WHOLE_KEYS = new WordList(...WHOLE.keys());

/** Words for coordinates that have another meaning in a longer key: `long_name`, `geoTarget`. */
const NOT_IN_COMPOUNDS = new WordList("long geo ll sll");

/** Words of a key in addition to those for coordinates. */
const WORDS = new WordList("exif bbox geojson");

/** Parts of a key, to find lower-case compounds: `startlatitude`, `latitudine`. */
const PART =
  /latitud|longitud|lat(?:lng|long?)|(?:lng|long?)lat|geo(?:json|point|coord)|pluscode|what3words|^gps|^exif/;

/** `exactAddress`, `precisePoint`, `preciseLocation`, `exact_place`. */
const EXACT = /^(?:exact|precise).*(?:address|location|place|point|position|spot)$/;

/**
 * How to treat a key of a record and its value. A key can itself be text that contains a place. Without a budget,
 * the key has its own.
 */
export function keyPolicy(key: string, budget?: SearchBudget): KeyPolicy {
  return tellsPlace(key, budget) ? "remove" : policyOfName(key);
}

/** Whether a text that is no key, as beside a value, names a coordinate. */
export function namesCoordinate(text: string): boolean {
  return policyOfName(text) === "remove";
}

/** How to treat a key by what it names alone. */
function policyOfName(key: string): KeyPolicy {
  const plain = foldedText(new NormalizedText(key)).text;
  const whole = withoutSeparators(plain);
  const exact = WHOLE_KEYS.has(whole) ? WHOLE.get(whole) : undefined;
  if (exact !== undefined) return exact;
  if (whole.includes("geohash")) return "cut";
  const tells = isCoordinateWord(whole) || PART.test(whole) || EXACT.test(whole);
  return tells || hasPlaceWord(plain) ? "remove" : "keep";
}

function hasPlaceWord(key: string): boolean {
  for (let at = 0; at < key.length;) {
    const written = wordFrom(key, at, key.length);
    if (written === "") {
      at++;
      continue;
    }
    at += written.length;
    for (let start = 0; start < written.length;) {
      let end = start + 1;
      while (end < written.length && !isCamel(written, end)) end++;
      if (isPlaceWord(written.slice(start, end).toLowerCase())) return true;
      start = end;
    }
  }
  return false;
}

function isPlaceWord(word: string): boolean {
  return WORDS.has(word) || isCoordinateWord(word) && !NOT_IN_COMPOUNDS.has(word);
}

/** Whether a new word begins with a capital letter: `startLat`. */
function isCamel(word: string, at: number): boolean {
  const [before, code] = [word.charCodeAt(at - 1), word.charCodeAt(at)];
  return code >= 0x41 && code <= 0x5a &&
    (before >= 0x61 && before <= 0x7a || isAsciiDigit(before));
}

function withoutSeparators(text: string): string {
  const lower = text.toLowerCase();
  return /^[a-z\d]*$/.test(lower) ? lower : lower.replace(/[^\p{L}\p{M}\d]+/gu, "");
}

function policy(policy: KeyPolicy, ...lists: string[]): [string, KeyPolicy][] {
  return lists.flatMap((list) => list.split(" ")).map((key) => [
    withoutSeparators(foldText(key)),
    policy,
  ]);
}
