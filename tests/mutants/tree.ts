/** A copy of the repository in which one file at a time is changed and tests are run. */

import type { Mutant, Outcome } from "./mutant.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** No wait in the tests is this long: a longer run did not notice the change. */
export const LIMIT_SECONDS = 180;

export interface TreeOptions {
  /** Run no wider tests when the near ones pass. */
  readonly nearOnly: boolean;
  /** How long one run of tests may take. A machine with much else to do needs more. */
  readonly limitSeconds: number;
}

/** The wider tests, which notice any change of the pipeline, for when the near ones pass. */
const WIDER = [
  "whole_program/flow_test.ts",
  "whole_program/overlap_test.ts",
  "property/convergence_test.ts",
  "whole_program/hostile_stream_test.ts",
  "property/fold_test.ts",
];

interface Run {
  /** No test failed. */
  readonly passed: boolean;
  /** The first test that failed; null when none did, or none is named. */
  readonly failed: string | null;
  /** Any other reason for the end. */
  readonly why: string | null;
  readonly output: string;
}

/** The changed file; null when there is none. */
async function fileOf({ file, before }: Mutant, root: string): Promise<string | null> {
  if (!file.endsWith("/")) return file;
  const names = (await Array.fromAsync(Deno.readDir(`${root}/${file}`))).map(({ name }) => name);
  for (const name of names.toSorted().toReversed()) {
    const text = await Deno.readTextFile(`${root}/${file}${name}`);
    if (text.includes(before)) return file + name;
  }
  return null;
}

/** Why a change does not apply to the files of the repository; null when it applies. */
export async function problemOf(mutant: Mutant, root: string = ROOT): Promise<string | null> {
  const file = await fileOf(mutant, root);
  const text = file && await Deno.readTextFile(`${root}/${file}`).catch(() => null);
  if (text === null) return "there is no such file";
  const times = text.split(mutant.before).length - 1;
  if (times !== 1) return `the text before stands ${times} times`;
  if (mutant.before === mutant.after) return "it changes nothing";
  for (const name of mutant.near) {
    const stat = await Deno.stat(`${root}/tests/${name}`).catch(() => null);
    if (stat === null) return `there is no test file ${name}`;
  }
  return mutant.near.length === 0 ? "it names no test" : null;
}

export class Tree implements AsyncDisposable {
  /** Test files that pass without a change. A file that fails anyway would seem to notice every change. */
  readonly #healthy = new Set<string>();

  private constructor(readonly path: string, private readonly options: TreeOptions) {}

  /** Copies the files that git tracks or would add. */
  static async create(options: TreeOptions): Promise<Tree> {
    const path = await Deno.makeTempDir({ prefix: "mutants-" });
    const listed = await new Deno.Command("git", {
      args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
      cwd: ROOT,
    }).output();
    const child = new Deno.Command("cp", {
      args: ["--parents", "--target-directory", path, ...namesIn(listed.stdout)],
      cwd: ROOT,
    });
    const { success, stderr } = await child.output();
    if (!success) throw new Error(`cannot copy the tree: ${new TextDecoder().decode(stderr)}`);
    return new Tree(path, options);
  }

  /** Tries one change, and restores the file afterwards. */
  async try(mutant: Mutant): Promise<Outcome> {
    const start = performance.now();
    const outcome = (verdict: Outcome["verdict"], why: string): Outcome => ({
      verdict,
      why,
      seconds: (performance.now() - start) / 1000,
    });
    const problem = await problemOf(mutant, this.path);
    if (problem !== null) return outcome("not applicable", problem);
    const before = await this.#withoutChange(mutant.near);
    if (before !== null) return outcome("not applicable", before);
    const path = `${this.path}/${await fileOf(mutant, this.path)}`;
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace(mutant.before, () => mutant.after));
    try {
      const near = await this.test(mutant.near);
      if (!near.passed) return outcome("killed", near.failed ?? lastLine(near.output));
      if (this.options.nearOnly) return outcome("survived", near.why ?? "no near test failed");
      const wider = await this.test(WIDER);
      return wider.passed
        ? outcome("survived", near.why ?? "no test failed")
        : outcome("killed", `wider: ${wider.failed ?? lastLine(wider.output)}`);
    } finally {
      await Deno.writeTextFile(path, text);
    }
  }

  /** Why tests fail before any change; null when they pass. */
  async #withoutChange(files: readonly string[]): Promise<string | null> {
    const untried = files.filter((name) => !this.#healthy.has(name));
    if (untried.length === 0) return null;
    const { passed, failed, why, output } = await this.test(untried);
    if (!passed || why !== null) {
      return `without the change ${untried.join(", ")} fails: ${why ?? failed ?? output}`;
    }
    for (const name of untried) this.#healthy.add(name);
    return null;
  }

  /** Runs test files until the first failure. */
  async test(files: readonly string[]): Promise<Run> {
    const { limitSeconds } = this.options;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--fail-fast", ...files.map((name) => `tests/${name}`)],
      cwd: this.path,
      env: { NO_COLOR: "1", CHROMIUM: "none", PROPERTY_STREAMS: "8", ...databases() },
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(1000 * limitSeconds),
    }).spawn();
    const { success, signal, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    const output = text.decode(stdout) + text.decode(stderr);
    // The heading of the error, because output can be printed between the name and the result of a test.
    const failed = /^(.+) => \.\/tests\//m.exec(output)?.[1] ?? null;
    const why = signal === null ? null : `the tests took over ${limitSeconds} s`;
    return { passed: success || signal !== null, failed, why, output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Only on the server if there is one: it is faster than the embedded database. */
function databases(): Record<string, string> {
  return Deno.env.get("TEST_DATABASE_URL") ? { TEST_DATABASES: "server" } : {};
}

function namesIn(listed: Uint8Array): string[] {
  return new TextDecoder().decode(listed).split("\0").filter((name) => name !== "");
}

function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1) ?? "";
}
