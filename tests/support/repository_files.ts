/** Files of the repository, and the programs that check them. */

import assert from "node:assert/strict";
import process from "node:process";

const ROOT = new URL("../../", import.meta.url);

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

/** Paths of all modules in a folder and those under it, from the root of the repository. */
export async function modulesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await modulesIn(path));
    else if (name.endsWith(".ts")) found.push(path);
  }
  return found;
}

/** What a program that is run in the repository says; fails with that unless it ends with 0. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { out, err } = await outputOf(program, args);
  return out + err;
}

/** What a program prints as its result, without what it remarks on the way, such as a download. */
export async function resultOf(program: string, args: readonly string[]): Promise<string> {
  return (await outputOf(program, args)).out;
}

async function outputOf(
  program: string,
  args: readonly string[],
): Promise<{ out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    env: { LC_ALL: "C", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(code, 0, `${program} ${args.join(" ")}\n${out}${err}`);
  return { out: out ?? "", err: err ?? "" };
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
