/** Files of the repository, and the programs that check them. */

import assert from "node:assert/strict";
import process from "node:process";

const ROOT = new URL("../", import.meta.url);

/** The text of a file, by its path in the repository. */
export async function repository(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

/** Whether a file or a directory is in the repository. */
export async function isInRepository(path: string): Promise<boolean> {
  try {
    await Deno.stat(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a program in the repository; fails with what it said unless it ends with 0. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    env: { LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, `${program} ${args.join(" ")}\n${said}`);
  return said;
}

function isInstalled(program: string): boolean {
  const directories = (process.env.PATH ?? "").split(":").filter((directory) => directory !== "");
  return directories.some((directory) => {
    try {
      return Deno.statSync(`${directory}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** A test that needs a program which not every machine has. Its name says why it is skipped. */
export function programTest(program: string, name: string, test: () => Promise<void>): void {
  const ignore = !isInstalled(program);
  Deno.test({
    name: ignore ? `${name} (skipped: ${program} is not installed)` : name,
    ignore,
    fn: test,
  });
}
