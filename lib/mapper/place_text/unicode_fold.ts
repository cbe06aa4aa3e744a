/**
 * Folds a character to what a reader sees: compatibility forms, accents and foreign digits become plain ones,
 * invisible characters are removed. Texts are folded to search for places, never to be stored.
 */

/** Signs with the same meaning in a place that Unicode keeps apart or folds differently. */
const SIGNS: readonly (readonly [plain: string, signs: string])[] = [
  ["°", "º˚∘◦ᵒ"],
  ["'", "′’‘´ʹʼ׳"],
  ['"', "″”“ʺ״"],
  ["-", "−"],
  ["/", "⁄∕"],
  [".", "٫。｡·・･"],
  [",", "٬،、､"],
  // Digits in circles that Unicode folds to nothing.
  ["0", "⓿🄋🄌"],
  ...[..."123456789"].map((digit, index) =>
    [
      digit,
      [0x24f5, 0x2776, 0x2780, 0x278a].map((one) => String.fromCharCode(one + index)).join(""),
    ] as const
  ),
];

const PLAIN = new Map(
  SIGNS.flatMap(([plain, signs]) => [...signs].map((sign) => [sign, plain] as const)),
);

/** Format and control characters, variation selectors, accents, enclosing marks, fillers. */
const UNSEEN =
  /[\p{Cf}\p{Cc}\u0300-\u036f\u20d0-\u20f0\ufe00-\ufe0f\u115f\u1160\u3164\uffa0\u{e0100}-\u{e01ef}]/gu;
const WHITE = /^[\t\n\v\f\r]$/;
const DASH = /^\p{Pd}$/u;
const DIGIT = /^\p{Nd}$/u;

/** Accented letters of Latin, Greek and Cyrillic are below; Korean syllables are not. */
const FIRST_WHOLE = 0x2000;

/** Some ligatures are whole phrases, and contain no number. */
const MAX_FOLDED = 4;

/** Those that folding does not change, nearly all: the memory for the others stays small. */
const unchanged = new Uint8Array(0x110000);
const changed = new Map<number, string>();

/** The folded character: up to four, or none. */
export function fold(codePoint: number): string {
  if (isFolded(codePoint)) return String.fromCodePoint(codePoint);
  return changed.get(codePoint) ?? "";
}

/** Whether folding does not change a character. Each is folded only once in a process. */
export function isFolded(codePoint: number): boolean {
  if (unchanged[codePoint] === 1) return true;
  if (changed.has(codePoint)) return false;
  const plain = foldCharacter(codePoint);
  if (plain === String.fromCodePoint(codePoint)) {
    unchanged[codePoint] = 1;
    return true;
  }
  changed.set(codePoint, plain);
  return false;
}

/** Folds a whole text, for lists of words: searched texts need their offsets. */
export function foldText(text: string): string {
  let folded = "";
  for (const character of text) folded += fold(character.codePointAt(0) ?? 0);
  return folded;
}

function foldCharacter(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  const sign = PLAIN.get(character);
  if (sign !== undefined) return sign;
  if (WHITE.test(character)) return character;
  if (DASH.test(character)) return "-";
  if (codePoint >= 0x80 && DIGIT.test(character)) return String(digitValue(codePoint));
  const form = codePoint < FIRST_WHOLE ? "NFKD" : "NFKC";
  const plain = character.normalize(form).replace(UNSEEN, "").replaceAll("′", "'");
  return plain.length > MAX_FOLDED ? character : plain;
}

/** The digits of a script are consecutive from 0 to 9; several sets of ten can follow each other. */
function digitValue(codePoint: number): number {
  let zero = codePoint;
  while (DIGIT.test(String.fromCodePoint(zero - 1))) zero--;
  return (codePoint - zero) % 10;
}
