/** Places in degrees, minutes and seconds, as written by people, cameras, pilots and receivers. */

import { formsOf } from "./characters.ts";
import type { Form, TextSearch } from "./text_search.ts";

const DEGREE =
  "(?:°|\\^\\{?\\\\circ\\}?|[*o](?=\\d{1,2}'\\d)|d[eé]g(?:r[eé]e?s?)?\\.?|gra[dus]{1,2}[oie]?s?n?|градус[а-я]{0,2}|stopni|derece|" +
  "astetta|अंश|درجة|درجات|度|도)";
const MINUTE = "(?:'|min(?:ut[eoa]?s?n?)?\\.?|мин[а-я]{0,4}\\.?|minuty|dakika|मिनट|دقيقة|分|분)";
const SECOND =
  "(?:''|\"|sec(?:onds?)?\\.?|se[kg](?:und[eoai]?s?n?)?\\.?|segundos?|secondes?|secondi|" +
  "сек[а-я]{0,4}\\.?|s|saniye|सेकंड|ثانية|秒|초)";
const FRACTION = "[.,]\\d{1,20}";
const GAP = "\\s{0,3}";
const AFTER = `(?:${GAP}[NSEWO](?![A-Za-z]))`;

/** `47° 36' 22.36" N`, `47 deg 36.372'`, `北緯47度36分22秒`. */
const SIGNED = new RegExp(
  `(?<!\\d)\\d{1,3}${GAP}${DEGREE}${GAP}\\d{1,2}(?:${FRACTION}(?:${GAP}${MINUTE})?|` +
    `${GAP}${MINUTE}(?:,|and|und|y|et)?${GAP}\\d{1,2}(?:${FRACTION})?(?:${GAP}${SECOND})?|` +
    `\\s{1,3}\\d{1,2}(?:${FRACTION})?${AFTER})${AFTER}?`,
  "gi",
);
const MAY_BE_SIGNED = new RegExp(`\\d${GAP}${DEGREE}${GAP}\\d`, "i");

/** `47d36m22sN`: without its hemisphere it could be a duration. */
const LETTERED = new RegExp(
  `(?<![A-Za-z\\d])\\d{1,3}d${GAP}\\d{1,2}(?:${FRACTION})?[m']${GAP}` +
    `(?:\\d{1,2}(?:${FRACTION})?[s"]?)?${AFTER}`,
  "g",
);

/** Minutes with decimals, or minutes and seconds, after degrees. */
const PARTS =
  `\\d{1,3}[\\s:._+|/-]{1,3}\\d{1,2}(?:[\\s:'._+|/-]{1,3}\\d{1,2}(?:${FRACTION})?|${FRACTION})['"]{0,2}`;
const SIDE_GAP = "[\\s_+|]{0,2}";
const BETWEEN = "[\\s,;/|+_-]{0,8}";

/** Two values, one with N or S and one with E or W, before or after the numbers. */
const HEMISPHERES: readonly RegExp[] = [
  new RegExp(`(?<!\\d)${PARTS}${SIDE_GAP}[NS]${BETWEEN}${PARTS}${SIDE_GAP}[EWO](?![A-Za-z])`, "g"),
  new RegExp(`(?<!\\d)${PARTS}${SIDE_GAP}[EWO]${BETWEEN}${PARTS}${SIDE_GAP}[NS](?![A-Za-z])`, "g"),
  new RegExp(`(?<![A-Za-z])[NS]${SIDE_GAP}${PARTS}${BETWEEN}[EWO]${SIDE_GAP}${PARTS}(?!\\d)`, "g"),
  new RegExp(`(?<![A-Za-z])[EWO]${SIDE_GAP}${PARTS}${BETWEEN}[NS]${SIDE_GAP}${PARTS}(?!\\d)`, "g"),
  // Of receivers: `4736.372,N,12219.926,W`, `4736.37N/12219.93W`; of pilots: `473622N1221955W`.
  /(?<!\d)\d{4}\.\d{1,9},?\s?[NS][,/\\\s]{0,3}\d{5}\.\d{1,9},?\s?[EW]/g,
  /(?<!\d)\d{6}(?:\.\d{1,9})?\s?[NS][,/\s]{0,3}\d{7}(?:\.\d{1,9})?\s?[EW]/g,
  /(?<![A-Za-z])[NS]\s?\d{6}(?:\.\d{1,9})?[,/\s]{0,3}[EW]\s?\d{7}(?:\.\d{1,9})?(?!\d)/g,
];
const MAY_HAVE_HEMISPHERES = /\d['"]{0,2},?[\s_+|]{0,2}[NS]|[NS][\s_+|]{0,2}\d/;

/** `+473622.3-1221955.6/` of ISO 6709, `47:36:22.3, -122:19:55.6`. */
const BY_SIGN = [
  /(?<![\d.])[-+]\d{4}(?:\d\d)?(?:\.\d{1,9})?[-+]\d{5}(?:\d\d)?(?:\.\d{1,9})?(?=[-+/])/g,
  /(?<![\d:.-])(?:\d{1,2}:[0-5]\d:[0-5]\d(?:\.\d{1,9})?[\s,;/]{1,4}-|-\d{1,2}:[0-5]\d:[0-5]\d(?:\.\d{1,9})?[\s,;/]{1,4}-?)\d{1,3}:[0-5]\d:[0-5]\d(?:\.\d{1,9})?/g,
] as const;
const MAY_HAVE_SIGNS = /[-+]\d{1,7}[:.\d]/;

/** Two of them with decimals and nothing else: the degrees of one are no hour. `61:22:54.9 101:34:27.1`. */
const TWO: readonly RegExp[] = [
  /(?<![\d:.])(?:2[5-9]|[3-9]\d|1\d\d)([: /])[0-5]?\d\1[0-5]?\d\.\d{1,9}[\s,;/]{1,4}\d{1,3}\1[0-5]?\d\1[0-5]?\d\.\d{1,9}(?!\d)/g,
  /(?<![\d:.])\d{1,2}([: /])[0-5]?\d\1[0-5]?\d\.\d{1,9}[\s,;/]{1,4}(?:2[5-9]|[3-9]\d|1\d\d)\1[0-5]?\d\1[0-5]?\d\.\d{1,9}(?!\d)/g,
];
const MAY_BE_TWO = /\d([: /])[0-5]?\d\1[0-5]?\d\.\d/;

/** `47/1, 36/1, 2236/100`: the fractions of EXIF. */
const FRACTIONS =
  /(?<![\d/])\d{1,3}\/1[,\s]{1,3}\d{1,5}\/1(?:00?)?[,\s]{1,3}\d{1,10}\/10{0,8}(?!\d)/g;

const TWO_SIDES = formsOf(
  ...["ne", "nw", "no", "se", "sw", "so"].map((sides) => `000000${sides}`),
);

const DEGREES: readonly Form[] = [
  {
    has: formsOf(
      ...["0°0*0", "0d*g0*0", "0gra0*0", "0\\circ0*0", "0stopni0*0", "0derece0*0", "0astetta0*0"],
      ...["0*0'0", "0o0'0"],
    ),
    suspects: [MAY_BE_SIGNED],
    patterns: [{ pattern: SIGNED }],
  },
  {
    has: formsOf("00n", "00s"),
    suspects: [MAY_HAVE_HEMISPHERES],
    patterns: [
      ...HEMISPHERES.map((pattern) => ({ has: TWO_SIDES, pattern })),
      { has: formsOf("00d*n", "00d*s"), pattern: LETTERED },
    ],
  },
  {
    has: formsOf("+000000000", "-000000000"),
    suspects: [MAY_HAVE_SIGNS],
    patterns: [
      { pattern: BY_SIGN[0] },
      { has: formsOf("0:00:00-0:00:00"), pattern: BY_SIGN[1] },
    ],
  },
  {
    has: formsOf("00 0 0.0 0 0 0.0"),
    suspects: [MAY_BE_TWO],
    patterns: TWO.map((pattern) => ({ pattern })),
  },
  { has: formsOf("0/1 0/1 0/1"), suspects: [/\/1/], patterns: [{ pattern: FRACTIONS }] },
];

/** Adds the places in degrees with minutes. */
export function addDegrees(search: TextSearch): void {
  search.addForms(DEGREES);
}
