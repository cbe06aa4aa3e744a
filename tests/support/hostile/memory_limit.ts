/**
 * The unit's `MemoryMax` for the process of a test. Enforced where the machine lets us: by a control
 * group of systemd's, or by the limit of the process on its own data. Elsewhere the most memory that
 * it has used is read, and nothing is enforced. `MEMORY_LIMITED` says which, for the name of the test.
 */

import assert from "node:assert/strict";

const UNIT = new URL("../../../systemd/jetstream-indexer.service", import.meta.url);

async function maxOfUnit(): Promise<number> {
  const value = /^MemoryMax=(\d+)M$/m.exec(await Deno.readTextFile(UNIT))?.[1];
  assert.ok(value !== undefined, "the unit has no MemoryMax in megabytes");
  return Number(value) * 2 ** 20;
}

/** As the unit's `MemoryMax`. */
export const MAX_MEMORY_BYTES = await maxOfUnit();

/** Runs a program in a scope of its own, whose `memory.max` is the unit's. The process stays the same. */
const SCOPE: readonly string[] = [
  "systemd-run",
  ...(Deno.uid() === 0 ? [] : ["--user"]),
  "--quiet",
  "--scope",
  `--property=MemoryMax=${MAX_MEMORY_BYTES}`,
  "--property=MemorySwapMax=0",
];

/** Writes the limit of the control group that it runs in. */
const OWN_MEMORY_MAX = 'cat "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/memory.max"';

async function outputOf(program: string, ...args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args: [...args], stderr: "null" })
      .output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    // There is no such program here.
    return null;
  }
}

/** What can enforce the limit on this machine, found out by trying. */
async function enforcement(): Promise<"group" | "data" | "none"> {
  const [run = "", ...scope] = SCOPE;
  if (await outputOf(run, ...scope, "sh", "-c", OWN_MEMORY_MAX) === String(MAX_MEMORY_BYTES)) {
    return "group";
  }
  return await outputOf("prlimit", "--data=1073741824", "true") === "" ? "data" : "none";
}

const ENFORCED_BY = await enforcement();

/** How the limit is enforced, for the name of a test. */
export const MEMORY_LIMITED = {
  group: "MemoryMax enforced by a control group",
  data: "MemoryMax and a third enforced by RLIMIT_DATA, MemoryMax read afterwards",
  none: "MemoryMax only read afterwards",
}[ENFORCED_BY];

/** The command line of a program that has no more memory than its unit, where a control group does that. */
export function limitedMemory(command: readonly string[]): readonly string[] {
  return ENFORCED_BY === "group" ? [...SCOPE, ...command] : command;
}

async function ofProcess(pid: number, name: string): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
}

/**
 * Limits a process that has started, where no control group does. What it may write to and doesn't use
 * counts as data too, above all the 512 MiB that V8 reserves for code: so it may have as much more
 * data as it is below its memory, and a third of it for what it maps and never touches. Beyond that, the
 * kernel gives it none.
 */
export async function limitMemoryOf(pid: number): Promise<void> {
  if (ENFORCED_BY !== "data") return;
  const left = MAX_MEMORY_BYTES * 4 / 3 - await ofProcess(pid, "VmRSS");
  const data = await ofProcess(pid, "VmData") + left;
  assert.equal(await outputOf("prlimit", `--pid=${pid}`, `--data=${data}`), "");
}

/** Checks that a process never used more. */
export async function assertWithinMemory(pid: number): Promise<void> {
  const most = await ofProcess(pid, "VmHWM");
  assert.ok(most < MAX_MEMORY_BYTES, `it had ${Math.round(most / 2 ** 20)} MiB`);
}
