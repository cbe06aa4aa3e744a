/** Makes foreign text safe for a terminal. */

/** Line breaks, cursor movements, invisible characters, and changes of the text direction. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line in which such characters are visible. */
export function plain(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** JSON in which such characters are escaped, so that it means the same. */
export function json(value: unknown, indent = 0): string {
  const lines = JSON.stringify(value, null, indent).split("\n");
  return lines.map((line) => line.replace(UNSEEN, escape)).join("\n");
}

function escape(character: string): string {
  return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
