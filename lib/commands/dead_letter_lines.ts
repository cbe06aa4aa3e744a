/** Dead letters for a person at a terminal. */

import type { DeadLetter } from "../repository/dead_letters/dead_letters.ts";
import { painter } from "./colour.ts";
import { plain } from "./plain.ts";

/** The dead letters as lines under a header. */
export function deadLetterTable(deadLetters: readonly DeadLetter[], colours: boolean): string[] {
  const { id, reason } = widthsOf(deadLetters);
  const header = [
    "ID".padStart(id),
    "SINCE".padEnd(MOMENT_WIDTH),
    "REASON".padEnd(reason),
    "RECORD  WHAT WAS FOUND",
  ];
  return [painter(colours)("dim", header.join("  ")), ...deadLetterLines(deadLetters, colours)];
}

/** Width of a time to the second. */
const MOMENT_WIDTH = 20;

function widthsOf(
  deadLetters: readonly DeadLetter[],
): { readonly id: number; readonly reason: number } {
  return {
    id: Math.max(2, ...deadLetters.map(({ id }) => String(id).length)),
    reason: Math.max(...deadLetters.map(({ reason }) => reason.length)),
  };
}

/** One dead letter per line, in columns. */
export function deadLetterLines(deadLetters: readonly DeadLetter[], colours: boolean): string[] {
  const paint = painter(colours);
  const widths = widthsOf(deadLetters);
  return deadLetters.map(({ id, reason, detail, did, collection, rkey, createdAt, resolution }) => {
    const where = did === null ? "(no address)" : `at://${did}/${collection}/${rkey}`;
    const end = resolution === null ? "" : ` [${resolution}]`;
    return [
      paint("bold", String(id).padStart(widths.id)),
      paint("dim", moment(createdAt)),
      paint(resolution === null ? "warn" : "dim", plain(reason).padEnd(widths.reason)),
      plain(where),
      plain(`${detail}${end}`),
    ].join("  ");
  });
}

/** A time to the second. */
export function moment(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
