/** Places in metres: military and survey grids. A square of a kilometre is coarse enough. */

import { formsOf } from "./characters.ts";
import type { Form, Pattern, TextSearch } from "./text_search.ts";

const METRES = "\\d{1,3}(?:[ '.,]?\\d{3}){1,2}(?:\\.\\d{1,9})?\\s?m?";
const BETWEEN = "[\\s,;/&]{1,4}";

const GRIDS: readonly Pattern[] = [
  // MGRS: `10TET5025072612`, `10T ET 50250 72612`.
  {
    has: formsOf("0000000"),
    pattern:
      /(?<![A-Za-z\d])(?:[1-9]|[0-5]\d|60)\s?[C-HJ-NP-X]\s?[A-HJ-NP-Z][A-HJ-NP-V]\s?(?:\d{3}\s?\d{3}|\d{4}\s?\d{4}|\d{5}\s?\d{5})(?![A-Za-z\d])/g,
  },
  // UTM: `10T 550250 5272612`, `10 N 550250 mE 5272612 mN`.
  {
    has: formsOf("0000000000000"),
    pattern:
      /(?<![A-Za-z\d])(?:[1-9]|[0-5]\d|60)\s?[C-HJ-NP-X],?\s{1,3}[EX]?[:=]?\s?\d{6}(?:\.\d{1,9})?\s?(?:m?\s?E)?[\s,;/]{1,4}[NY]?[:=]?\s?\d{6,7}(?:\.\d{1,9})?/g,
  },
  // The British grid: `TQ 30160 80520`, `TQ3016080520`.
  {
    has: formsOf("000000"),
    pattern:
      /(?<![A-Za-z\d])[HNOST][A-HJ-Z]\s?(?:\d{3}\s\d{3}|\d{4}\s?\d{4}|\d{5}\s?\d{5})(?![A-Za-z\d])/g,
  },
  // The Swiss grid: `2'600'072, 1'200'147`.
  {
    has: formsOf("00000000000000"),
    pattern:
      /(?<![\d'])2['’ ]?[4-8]\d\d['’ ]?\d{3}(?:\.\d{1,9})?[\s,;/]{1,4}1['’ ]?[0-3]\d\d['’ ]?\d{3}(?:\.\d{1,9})?(?!\d)/g,
  },
];
const MAY_BE_GRID = /[A-Z]\s?\d{3}|[A-Z],?\s{1,3}[EXNY]?[:=]?\s?\d{6}|2['’ ]?[4-8]\d\d['’ ]?\d{3}/;

/** Metres with a label: `E 550250 N 5272612`, `550250 mE 5272612 mN`, `Rechtswert …`. */
const CALLED: readonly Pattern[] = [
  {
    pattern: new RegExp(
      `(?<![A-Za-z])(?:E|easting|X|rechtswert|ostwert)["'\\]]{0,2}\\s?[:=]?\\s?["']?${METRES}(?![\\d.])["']?${BETWEEN}["']?` +
        `(?:N|northing|Y|hochwert|nordwert)["'\\]]{0,2}\\s?[:=]?\\s?["']?${METRES}`,
      "gi",
    ),
  },
  {
    pattern: new RegExp(
      `(?<![A-Za-z])(?:N|northing|Y)["'\\]]{0,2}\\s?[:=]?\\s?["']?${METRES}(?![\\d.])["']?${BETWEEN}["']?` +
        `(?:E|easting|X)["'\\]]{0,2}\\s?[:=]?\\s?["']?${METRES}`,
      "gi",
    ),
  },
  // `R 4468503 H 5333304` of Gauss and Krüger.
  {
    has: formsOf("r0000000 h0000000"),
    pattern:
      /(?<![A-Za-z])R[:=]?\s?\d{7}(?:\.\d{1,9})?[\s,;/]{1,4}H[:=]?\s?\d{7}(?:\.\d{1,9})?(?!\d)/g,
  },
  {
    has: formsOf("000000e 000000n"),
    pattern:
      /(?<!\d)\d{6}(?:\.\d{1,9})?\s?m?\s?E[\s,;/]{1,4}\d{6,7}(?:\.\d{1,9})?\s?m?\s?N(?![A-Za-z])/g,
  },
];
const MAY_BE_CALLED = /\d{3}["'\s,;/&m]{1,4}(?:N|Y|E|X|H|northing|easting|hochwert|nordwert)/i;

/** Metres behind the name of their system: `EPSG:3857 11307187 8733526`, `RD 121687, 487484`. */
const SYSTEM: Form = {
  has: formsOf(
    ..."epsg utm gau lambert rd sweref etrs lv ch mgi itm nztm osgb pulkovo".split(" ")
      .map((name) => `${name} 00000 00000`),
  ),
  suspects: [
    /epsg|utm|gau(?:ss|ß)|lambert|(?<![a-z])rd[\s:]|sweref|etrs|lv ?(?:95|03)|ch1903|mgi|itm|nztm|osgb|pulkovo/i,
  ],
  patterns: [{
    isNamed: true,
    pattern:
      /((?<![A-Za-z])(?:epsg:?\s?\d{4,5}|utm(?:\s?\d{1,2})??|gau(?:ss|ß)[\s-]?kr[a-z]{3,6}|lambert\s?(?:93|72|2)?|rd(?:\s?new)?|sweref\s?99|etrs\s?89|lv\s?(?:95|03)|ch1903\+?|mgi|itm|nztm|osgb36|pulkovo)[\s:,(]{1,4})(?:[A-Za-z]?\s?\d{1,2}\s)?[A-Z]?[:=]?\s?\d{5,8}(?:\.\d{1,9})?[\s,;/]{1,4}[A-Z]?[:=]?\s?\d{5,8}(?:\.\d{1,9})?/gi,
  }],
};

/** The box of a map in metres: `BBOX=11307187.2,8733526.4,11307190.1,8733530.2`. */
const BOX: Form = {
  has: formsOf("box 00000 00000 00000 00000"),
  suspects: [/bbox/i],
  patterns: [{
    isNamed: true,
    pattern:
      /(bbox["'\]]{0,2}\s?[:=]\s?["'[(]{0,2})[-+]?\d{5,8}(?:\.\d{1,12})?(?:[,\s]{1,3}[-+]?\d{5,8}(?:\.\d{1,12})?){3}/gi,
  }],
};

/** Cells of other grids, recognised only by their name. */
const NAMED: Form = {
  has: formsOf(
    ..."mgrs usng utm mapcode quadkey h3 s2 maidenhead qth locator georef gars digipin".split(" ")
      .map((name) => `${name} 0***`),
    ...["ghanapost 0***", "gridref 0***", "ngr 0***"],
  ),
  // Twice as fast apart.
  suspects: [
    /mgrs|usng|utm|mapcode|quadkey|maidenhead|locator|georef|gars|grid ?ref|ngr|qth|digipin|ghana ?post/i,
    /h3|s2/i,
  ],
  patterns: [{
    isNamed: true,
    pattern:
      /((?<![A-Za-z])(?:mgrs|usng|utm|mapcode|quadkey|h3|h3index|s2 ?cell(?: ?id)?|s2 ?token|maidenhead|qth(?: locator)?|locator|georef|gars|digipin|ghana ?post(?: ?gps)?|grid ?ref(?:erence)?|ngr)[^A-Za-z\d]{1,4})(?:[A-Z]{2,3} )?(?=[A-Za-z.+-]{0,12}\d)[A-Za-z\d][A-Za-z\d.+-]{3,31}(?: \d{3,7}){0,2}/gi,
  }],
};

/** The same of grids whose names are also other words: only in their own form. `grid: IO91wm12ab`, `s2: 47a1cbd5`. */
const NAMED_IN_FORM: readonly Form[] = [
  {
    has: formsOf("grid 0000"),
    suspects: [/grid/i],
    patterns: [
      {
        isNamed: true,
        pattern:
          /((?<![A-Za-z])grid(?: square)?[^A-Za-z\d]{1,4}(?:is )?)[A-R]{2}\d{2}[A-X]{2}\d{2}(?:[A-X]{2})?(?![A-Za-z\d])/gi,
      },
      {
        isNamed: true,
        pattern:
          /(irish(?: national)? grid[^A-Za-z\d]{1,4})[A-HJ-Z]\s?(?:\d{3}\s?\d{3}|\d{4}\s?\d{4}|\d{5}\s?\d{5})(?!\d)/gi,
      },
    ],
  },
  {
    has: formsOf("s2=**********", "s2:**********"),
    suspects: [/s2\s?[:=]/i],
    patterns: [{
      isNamed: true,
      pattern: /((?<![A-Za-z])s2\s?[:=]\s?)[\da-f]{10,16}(?![A-Za-z\d])/gi,
    }],
  },
  // One house each, or one square of a few metres: `Eircode D02 X285`, `NAC: 8KDB PGFD`.
  {
    has: formsOf("eircode *0*****"),
    suspects: [/eircode/i],
    patterns: [{
      isNamed: true,
      pattern: /(eircode[^A-Za-z\d]{1,4}(?:is )?)[A-Z]\d[\dW]\s?[A-Z\d]{4}(?![A-Za-z\d])/gi,
    }],
  },
  {
    has: formsOf("nac **** ****"),
    suspects: [/nac[:\s]/i],
    patterns: [{
      isNamed: true,
      pattern:
        /((?<![A-Za-z])nac[:\s]{1,3})[\dB-DF-HJ-NP-TV-X]{4,6} [\dB-DF-HJ-NP-TV-X]{4,6}(?![A-Za-z\d])/gi,
    }],
  },
  {
    // The box of a wireless network, which services find: `BSSID 00:11:22:33:44:55`.
    has: formsOf(
      ...["bssid:", "wifi:", "mac:", "bssid-", "wifi-", "mac-"]
        .map((name) => name + "*".repeat(16)),
    ),
    suspects: [/[\da-f][:-][\da-f]{2}[:-]/i],
    patterns: [{
      isNamed: true,
      pattern:
        /((?<![A-Za-z])(?:bssid|wi-?fi|mac(?: address)?)[^A-Za-z\d]{1,4})(?:[\da-f]{2}[:-]){5}[\da-f]{2}(?![\da-f:-])/gi,
    }],
  },
];

/** Integers of small units: `latE7=476062000`. */
const UNITS: Form = {
  has: formsOf("lat*000000", "lng*000000", "lon*000000"),
  suspects: [/(?:lat|lng|lon)\w{0,14}["'\]]{0,2}(?:\s?[:=]\s?|\s)["']?[-+]?\d{6}/i],
  patterns: [{
    isNamed: true,
    pattern:
      /((?:lat(?:itude)?|lng|lon(?:gitude)?)(?:_?(?:e[567]|micro\w{0,8}))?["'\]]{0,2}\s?[:=]\s?["']?|(?<![A-Za-z])(?:lat(?:itude)?|lng|lon(?:gitude)?)\s)[-+]?\d{6,10}(?!\d|\.\d)/gi,
  }],
};

const FORMS: readonly Form[] = [
  { has: formsOf("000000"), suspects: [MAY_BE_GRID], patterns: GRIDS },
  { has: formsOf("00000000"), suspects: [MAY_BE_CALLED], patterns: CALLED },
  SYSTEM,
  NAMED,
  BOX,
  ...NAMED_IN_FORM,
  UNITS,
];

/** Adds the places in grids. */
export function addGrids(search: TextSearch): void {
  search.addForms(FORMS);
}
