/**
 * Answers of the database up to their limit: a server (or anybody between) accepts the login and answers
 * without end, in rows that take many times more memory than their bytes. The executable (or the program
 * from its source, where none is made) has its own heap limit, and the memory of its unit.
 */

import { Alone } from "../support/hostile/alone.ts";
import { PROGRAM_NAME } from "../support/hostile/executable.ts";
import { MEMORY_LIMITED } from "../support/hostile/memory_limit.ts";
import { EndlessPostgres, message, numbers } from "../support/hostile/endless_postgres.ts";
import { concat } from "../../lib/repository/embedded/wire.ts";

/** One column of text, by the name `a`. */
const ONE_COLUMN = message(
  "T",
  concat([numbers(1), text("a"), new Uint8Array(6), numbers(0, 25), new Uint8Array(8)]),
);

function text(characters: string): Uint8Array {
  return concat([new TextEncoder().encode(characters), new Uint8Array(1)]);
}

function row(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return message("D", concat([numbers(1, 0, bytes.length), bytes]));
}

/** Answers of a server, each with its description. */
const ANSWERS: readonly (readonly [what: string, part: Uint8Array])[] = [
  ["empty rows", row("")],
  ["short rows", row("x")],
  ["rows of 1 MB with one wide character", row(`${"x".repeat(2 ** 20)}ж`)],
];

for (const [what, part] of ANSWERS) {
  Deno.test(`a database that answers with endless ${what} (${PROGRAM_NAME}, ${MEMORY_LIMITED})`, async () => {
    const parts = concat(Array.from({ length: Math.ceil(65_536 / part.length) }, () => part));
    using database = new EndlessPostgres(concat([message("1"), message("2"), ONE_COLUMN]), parts);
    await using program = await Alone.start(database.url, "ws://127.0.0.1:1/subscribe", {});
    await program.until(() => Promise.resolve(database.givenUp >= 3));
  });
}
