/** The executable with the limits of its unit; the program from its source where none is made. */

import { FROM_SOURCE } from "./victim.ts";

const EXECUTABLE = new URL("../../../dist/jetstream-indexer", import.meta.url).pathname;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** The command line that runs it. */
export const PROGRAM: readonly string[] = await exists(EXECUTABLE) ? [EXECUTABLE] : FROM_SOURCE;

/** As the unit's `MemoryMax`. */
export const MAX_MEMORY_BYTES = 768 * 1024 * 1024;

/** The most memory that a process has had. */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
}
