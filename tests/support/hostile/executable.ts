/** The executable with the limits of its unit; the program from its source where none is made. */

import { limitedMemory } from "./memory_limit.ts";
import { FROM_SOURCE } from "./victim.ts";

const EXECUTABLE = new URL("../../../dist/jetstream-indexer", import.meta.url).pathname;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

const IS_COMPILED = await exists(EXECUTABLE);

/** The command line that runs it. */
export const PROGRAM: readonly string[] = limitedMemory(IS_COMPILED ? [EXECUTABLE] : FROM_SOURCE);

/** Which program runs, for the name of a test. */
export const PROGRAM_NAME = IS_COMPILED ? "the executable" : "the program from its source";
