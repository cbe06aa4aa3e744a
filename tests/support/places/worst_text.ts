/** Texts that make a search for places work hard: parts of every form, over and over. */

/** What is repeated. Each of them nearly begins or continues something. */
const PARTS: readonly string[] = [
  ..."1 1.1 1. 1.111 47.6062, 1.1111,1111 1,111 -1,111 1.1e1 0.1111 °1 1°1' 22222222+22 2222+"
    .split(
      " ",
    ),
  ...["-1.111 ", "0.1111 ", "0.1111 a ", "1.1111 is ", "lat:1.111 ", "lat is is is 1.1111 "],
  ...[
    "0.12345 N",
    "0.12345 Lat",
    "0.12345 градус ",
    "1.111 lat lat lat lat ",
    "$1.111 ",
    "1.111 kg ",
  ],
  ...["1:11.111", "1 point ", "12 point 12", "12:12:12 ", "-12:12:12 ", "+473622-", "47/1 36/1 "],
  ...["1° 1' 1.1", "1° 1 1 N ", "1 grad 1 min ", "N 1 1.1 ", "1 1 1 N ", "1 1.1N", "12d12m", "N1 "],
  ..."///a. ///aa.aa. / w3w.co/ geohash: geohash:b geohash.org/ waze.com/ul/h goo.gl/maps/".split(
    " ",
  ),
  ..."yandex.ru/maps/- ChIJ 0x549010 0101000000 01010000a0 8f /17/1234/ polyline: path=enc: path="
    .split(
      " ",
    ),
  ...["E 550250 ", "E 550250 N", "10TET", "10T 550250 ", "TQ 301", "2'600'000 ", "utm ", "utm a"],
  ...["X=123 ", "X 123 123 ", "lat=123456", "s2 cell", "lat ", "latitude", " ", "a", "ab."],
  ...'%2b %20 %25 %2525 &#x2e; &deg; & \\u002e { [ {"a":'.split(" "),
  ..."０ ４７． ٤ क ﷺ 𝟒 é 가 \u200b 1\u200b".split(" "),
];

/** What stands around it, so that each search begins and none succeeds at once. */
const FRAMES = [["", ""], ["1.111", "a"], ["geohash:b", "a"], ["47°", "x"], ["{", "}"]] as const;

export interface WorstText {
  readonly name: string;
  /** Of about so many bytes in UTF-8. */
  readonly text: (bytes: number) => string;
}

function framed([start, end]: readonly [string, string], part: string): WorstText {
  return {
    name: JSON.stringify(`${start}${part} …${end}`),
    text: (bytes: number): string => {
      const size = new TextEncoder().encode(part).length;
      return start + part.repeat(Math.max(1, Math.floor(bytes / size))) + end;
    },
  };
}

/** The parts alone. */
export const WORST_PARTS: readonly WorstText[] = PARTS.map((part) => framed(["", ""], part));

export const WORST_TEXTS: readonly WorstText[] = PARTS.flatMap((part) =>
  FRAMES.map((frame) => framed(frame, part))
);
