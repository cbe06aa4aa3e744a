/** Colours, on terminals only. */

export type Colour = "good" | "warn" | "bad" | "dim" | "bold";

const CODES: Readonly<Record<Colour, string>> = {
  good: "32",
  warn: "33",
  bad: "31",
  dim: "2",
  bold: "1",
};

/** A function that colours text, or leaves it unchanged. */
export function painter(colours: boolean): (colour: Colour, text: string) => string {
  return (colour, text) => colours ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}
