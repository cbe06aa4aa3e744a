/** Dead letters for a person at a terminal. */

import type { DeadLetter } from "../repository/dead_letters.ts";
import { painter } from "./colour.ts";
import { plain } from "./plain.ts";

/** A letter a line, in columns. */
export function letterLines(letters: readonly DeadLetter[], colours: boolean): string[] {
  const paint = painter(colours);
  const idWidth = Math.max(...letters.map(({ id }) => String(id).length));
  const reasonWidth = Math.max(...letters.map(({ reason }) => reason.length));
  return letters.map(({ id, reason, detail, did, collection, rkey, createdAt, resolution }) => {
    const where = did === null ? "(no address)" : `at://${did}/${collection}/${rkey}`;
    const end = resolution === null ? "" : ` [${resolution}]`;
    return [
      paint("bold", String(id).padStart(idWidth)),
      paint("dim", moment(createdAt)),
      paint(resolution === null ? "warn" : "dim", plain(reason).padEnd(reasonWidth)),
      plain(where),
      plain(`${detail}${end}`),
    ].join("  ");
  });
}

/** A time to the second. */
export function moment(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
