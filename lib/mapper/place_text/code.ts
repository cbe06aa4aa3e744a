/** Codes for a cell or a point, alone in a text or in the links of their services. */

import { roundGeohash } from "../geo/geohash.ts";
import { formsOf } from "./characters.ts";
import type { Form, TextSearch } from "./text_search.ts";

const CODES: readonly Form[] = [
  {
    // Plus codes: `84VVJM64+FQ`; shortened ones in capitals, `JM64+FQ`, or with a digit, `jm64+fq`.
    has: formsOf("+"),
    suspects: [/\+ ?[2-9cfghjmpqrvwx]{2}/i],
    patterns: [{
      pattern:
        /(?<![A-Za-z\d])(?:[2-9cfghjmpqrvwxCFGHJMPQRVWX]{8}|(?=\d{0,5}[CFGHJMPQRVWX])[2-9CFGHJMPQRVWX]{4}(?:[2-9CFGHJMPQRVWX]{2})?|(?=[a-z]{0,5}\d)(?=\d{0,5}[a-z])[2-9cfghjmpqrvwx]{4}(?:[2-9cfghjmpqrvwx]{2})?|(?=\d{0,7}[CFGHJMPQRVWX])[2-9CFGHJMPQRVWX]{8}(?= \+ ))(?:\+| \+ )[2-9cfghjmpqrvwxCFGHJMPQRVWX]{2,7}(?![A-Za-z\d])/g,
    }],
  },
  {
    // Three words: `///filled.count.soap`, in the languages of the service.
    has: formsOf("/", "w3"),
    suspects: [/\/\/\/ ?[\p{L}\p{M}]|w3w|what3words/iu],
    patterns: [{
      pattern:
        /(?:\/\/\/|(?:w3w\.co|what3words\.com)\/(?:[a-z]{2}(?:-[a-z]{2,4})?\/)?|(?:w3w|what3words)(?:[^\p{L}\d]{1,4}(?:address|location|code|is)){0,2}[^\p{L}\d]{1,4}) ?[\p{L}\p{M}]{2,40}(?: [\p{L}\p{M}]{1,12})? ?[.।۔።] ?[\p{L}\p{M}]{2,40}(?: [\p{L}\p{M}]{1,12})? ?[.।۔።] ?[\p{L}\p{M}]{2,40}/giu,
    }],
  },
  {
    // Links of Organic Maps, CoMaps and MAPS.ME: a zoom, and the bits of both coordinates.
    has: formsOf("ge0", "omaps.app", "comaps.", "om:/", "cm:/"),
    suspects: [/ge0|omaps\.app|comaps\.|om:\/\/|cm:\/\//i],
    patterns: [{
      pattern:
        /(?<=(?:ge0\.me|omaps\.app|comaps\.(?:at|tech)|(?<![a-z])(?:ge0|om|cm):\/)\/)[\w-]{6,12}/gi,
    }],
  },
  {
    // Links of maps that count metres, or steps of their own: `map.baidu.com/@11307187,8733526,18z`.
    has: formsOf("map."),
    suspects: [/map\.(?:baidu|naver|kakao|daum)\./i],
    patterns: [{
      pattern:
        /(?<=map\.(?:baidu|naver|kakao|daum)\.(?:com|net)\/)[^\s"'<>]{0,80}?[-+]?\d{6,8}(?:\.\d{1,9})?(?:,|&[a-z]{1,8}=)[-+]?\d{6,8}(?:\.\d{1,9})?/gi,
    }],
  },
  {
    // `geo:` in metres of a grid.
    has: formsOf("geo:000"),
    suspects: [/geo:[-+]?\d{3}/i],
    patterns: [{
      pattern: /(?<=(?<![a-z])geo:)[-+]?\d{3,8}(?:\.\d{1,9})?,[-+]?\d{3,8}(?:\.\d{1,9})?/gi,
    }],
  },
  {
    // Short links of OpenStreetMap hold the bits of both coordinates.
    has: formsOf("/go/"),
    suspects: [/\/go\//],
    patterns: [{ pattern: /(?<=(?:osm|openstreetmap)\.org\/go\/)[\w~@=-]{5,}/gi }],
  },
  {
    // Short links that only their service can resolve; following one reveals the place.
    has: formsOf(
      "goo.gl",
      "maps.apple",
      "yandex",
      "amap.com",
      "baidu.com",
      "2gis",
      "her.is",
      "naver.me",
      "kko.to",
      "mapy.",
      "binged.it",
      "citymapper",
    ),
    suspects: [
      /goo\.gl|maps\.apple|yandex|amap\.com|baidu\.com|2gis|her\.is|naver\.me|kko\.to|mapy\.|binged\.it|citymapper/i,
    ],
    patterns: [{
      pattern:
        /(?<=(?:maps\.app\.goo\.gl|goo\.gl\/maps|maps\.apple\/p|yandex\.[a-z.]{2,6}\/maps\/-|surl\.amap\.com|j\.map\.baidu\.com(?:\/[\da-f]{2})?|go\.2gis\.com|her\.is|naver\.me|kko\.to|mapy\.(?:cz|com)\/s|binged\.it|citymapper\.com\/go)\/)[\w~-]{4,}/gi,
    }],
  },
  {
    // The number of a house or shop on a map: `google.com/maps?cid=1234567890123456789`.
    has: formsOf("id=*"),
    suspects: [/id=[\dC]/i],
    patterns: [{
      isNamed: true,
      pattern: /(maps[^\s"'<>]{0,60}[?&](?:cid|auid|place_?id)=)[\w-]{8,}/gi,
    }],
  },
  {
    // Map place ids contain the cell: `0x5490…:0x…`, `ChIJ…`.
    has: formsOf("0x************", "chij"),
    suspects: [/0x[\da-f]{12}|ChIJ/i],
    patterns: [{ pattern: /0x[\da-f]{12,16}:0x[\da-f]{4,16}|(?<![\w-])ChIJ[\w-]{23}(?![\w-])/gi }],
  },
  {
    // Database geometry: EWKB and WKB in hex.
    has: formsOf("00" + "*".repeat(40)),
    suspects: [/0[01][\da-f]{40}/i],
    patterns: [{
      pattern:
        /(?<![\da-f])(?:01(?:0[1-7]0000[\da-f]0|[ef][9a-f]030000|[9a-f][\da-f]0[7b]0000)|00[\da-f]0000(?:0[1-7]|[03][\da-f]{3}))[\da-f]{32,}/gi,
    }],
  },
  {
    // H3 cells of less than a square kilometre.
    has: formsOf("8**************"),
    suspects: [/8[89a-f][\da-f]{13}/i],
    patterns: [{ pattern: /(?<![\w-])8[89a-f][\da-f]{13}(?![\w-])/gi }],
  },
  {
    // Map tiles of half a kilometre or less: `/17/20976/45728.png`.
    has: formsOf("10/0000/0000"),
    suspects: [/(?:1[6-9]|2\d)\/\d{4,8}\/\d{4}/],
    patterns: [{ pattern: /(?<![\d.,:])(?:1[6-9]|2\d)\/\d{4,8}\/\d{4,8}(?=$|[^\d])/g }],
  },
  {
    // The same tiles in one number to the base of four: `/tiles/a1202102332221212.jpeg`.
    has: formsOf("/0000000000000000"),
    suspects: [/\/[ahrq]?[0-3]{16}/],
    patterns: [{ pattern: /(?<=\/[ahrq]?)[0-3]{16,23}(?![\w-])/g }],
  },
  {
    has: formsOf("polyline", "enc:"),
    suspects: [/polyline|enc:/i],
    patterns: [{
      isNamed: true,
      pattern: /(polyline["']?\s?[:=]\s?["']?(?:enc:)?|[|=]enc:)(?!\[place)[?-~]{6,}/gi,
    }],
  },
  {
    has: formsOf("geohash", "waze."),
    suspects: [/geo-?hash|waze\./i],
    patterns: [{
      isNamed: true,
      pattern:
        /(geo-?hash(?:es)?(?:\.org\/|[^A-Za-z\d]{1,8}(?:(?:is|ist|est|es|code)[^A-Za-z\d]{1,4})?)|waze\.com\/ul\/h)[\db-hjkmnp-z]{7,}(?![A-Za-z\d])/gi,
      coarsen: (geohash) => roundGeohash(geohash) ?? "",
    }],
  },
];

/** Adds the places in codes. */
export function addCodes(search: TextSearch): void {
  search.addForms(CODES);
}
