/** A copy of the repository in which one file at a time is changed and tests are run. */

import type { Mutant, Outcome } from "./mutant.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** No wait in the tests is so long: what takes longer has noticed nothing. */
const LIMIT_MS = 300_000;

/** What any change of the pipeline ends in, where the near tests say nothing. */
const WIDER = [
  "pipeline_flow_test.ts",
  "pipeline_overlap_test.ts",
  "model_convergence_test.ts",
  "hostile_stream_test.ts",
  "property_test.ts",
];

interface Run {
  /** No test failed. */
  readonly passed: boolean;
  /** The first test that failed; null when none did, or none is named. */
  readonly failed: string | null;
  readonly output: string;
}

export class Tree implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** Copies what git knows and what it would add. */
  static async create(): Promise<Tree> {
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
    return new Tree(path);
  }

  /** Tries one change. The tree is as before afterwards. */
  async try(mutant: Mutant): Promise<Outcome> {
    const start = performance.now();
    const outcome = (verdict: Outcome["verdict"], why: string): Outcome => ({
      verdict,
      why,
      seconds: (performance.now() - start) / 1000,
    });
    const path = `${this.path}/${mutant.file}`;
    const text = await Deno.readTextFile(path).catch(() => null);
    if (text === null) return outcome("not applicable", "there is no such file");
    const times = text.split(mutant.before).length - 1;
    if (times !== 1) return outcome("not applicable", `the text before stands ${times} times`);
    await Deno.writeTextFile(path, text.replace(mutant.before, () => mutant.after));
    try {
      const near = await this.test(mutant.near);
      if (!near.passed) return outcome("killed", near.failed ?? lastLine(near.output));
      const wider = await this.test(WIDER);
      return wider.passed
        ? outcome("survived", "no test failed")
        : outcome("killed", `wider: ${wider.failed ?? lastLine(wider.output)}`);
    } finally {
      await Deno.writeTextFile(path, text);
    }
  }

  /** Runs test files until the first failure. */
  async test(files: readonly string[]): Promise<Run> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--fail-fast", ...files.map((name) => `tests/${name}`)],
      cwd: this.path,
      env: { NO_COLOR: "1", CHROMIUM: "none" },
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(LIMIT_MS),
    }).spawn();
    const { success, signal, stdout, stderr } = await child.output();
    const text = new TextDecoder();
    const output = text.decode(stdout) + text.decode(stderr);
    // The heading of its error, since what it prints can stand between its name and its result.
    const failed = /^(.+) => \.\/tests\//m.exec(output)?.[1] ?? null;
    return { passed: success || signal !== null, failed, output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

function namesIn(listed: Uint8Array): string[] {
  return new TextDecoder().decode(listed).split("\0").filter((name) => name !== "");
}

function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1) ?? "";
}
