/**
 * `deno task test`: runs the tests, prints what failed, and a line at the end. Its arguments are
 * passed to `deno test`: `deno task test tests/client`, `deno task test --filter "a word"`.
 */

import manifest from "../deno.json" with { type: "json" };
import { linesOf } from "./support/lines.ts";
import { SharedDatabases } from "./support/shared/databases.ts";
import { PORT_SETTING } from "./support/shared/question.ts";
import { writeWhole } from "./support/task.ts";

/** A run that takes longer counts as hanging: it fails instead of never ending. */
const LIMIT_MS = 45 * 60_000;

/** Parallel files in addition to one per core: many tests wait for programs and databases. */
const SPARE_JOBS = 1;

/**
 * Files that take longest alone. They begin first, or the run would end with one of them while the other cores have
 * nothing to do.
 */
const FIRST = [
  "tests/whole_program/leak_test.ts",
  "tests/server/page/page_test.ts",
  "tests/whole_program/hostile_stream_test.ts",
  "tests/whole_program/overlap_test.ts",
  "tests/reconcile/deletion_test.ts",
  "tests/property/fold_test.ts",
];

/**
 * All test files, the long ones first, except those that are ignored. The runner's own `--ignore` has no effect on
 * the other files of a folder in which one is named.
 */
export async function testFiles(ignored: ReadonlySet<string>): Promise<string[]> {
  const all = await Array.fromAsync(filesIn("tests"));
  const others = all.filter((path) => !FIRST.includes(path)).sort();
  return [...FIRST, ...others].filter((path) => !ignored.has(path));
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(`../${folder}`, import.meta.url))
  ) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesIn(path);
    else if (name.endsWith("_test.ts")) yield path;
  }
}

const IGNORE = "--ignore=";

/** The runner's line for a test that passed, was ignored, or failed. */
const DOT = /^[.,!]$/;

/** After this line there is only the runtime's own backtrace. */
const END = /^error: Test failed/;

/** Reads one stream of the runner's output line by line, and returns what must be printed. */
export class Report {
  /** The number of finished tests. */
  count = 0;
  #ended = false;

  take(line: string): string | null {
    if (DOT.test(line)) {
      this.count++;
      return null;
    }
    this.#ended ||= END.test(line);
    return this.#ended ? null : line;
  }
}

/** Checks all types, as `deno task check` does, beside the tests: before them the other cores would have nothing to do. */
async function check(): Promise<boolean> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...manifest.tasks.check.split(" ").slice(1), "--quiet"],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) writeWhole(stderr);
  return success;
}

async function run(args: readonly string[]): Promise<number> {
  const isPath = (arg: string): boolean => !arg.startsWith("-") && /\.ts$|\/|^tests$/.test(arg);
  const isWhole = !args.some(isPath);
  const ignored = args.filter((arg) => isWhole && arg.startsWith(IGNORE));
  const names = ignored.flatMap((arg) => arg.slice(IGNORE.length).split(","));
  const files = isWhole ? ["--no-check", ...await testFiles(new Set(names))] : [];
  // A nested run uses the databases of the outer run.
  await using databases = Deno.env.get(PORT_SETTING) ? null : new SharedDatabases();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "-A",
      "--parallel",
      "--quiet",
      "--reporter=dot",
      ...args.filter((arg) => !ignored.includes(arg)),
      ...files,
    ],
    env: {
      NO_COLOR: "1",
      DENO_JOBS: Deno.env.get("DENO_JOBS") ?? String(navigator.hardwareConcurrency + SPARE_JOBS),
      ...(databases === null ? {} : { [PORT_SETTING]: String(databases.port) }),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const isWatched = Deno.stdout.isTerminal();
  const say = (text: string): void => writeWhole(new TextEncoder().encode(text));
  const tell = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> => {
    // One reader for each stream: their lines can arrive in any order.
    const report = new Report();
    for await (const line of linesOf(stream)) {
      const told = report.take(line);
      if (told !== null) say(`${told}\n`);
      else if (isWatched) say(`${report.count}\r`);
    }
  };
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const pass = (): void => child.kill("SIGTERM");
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, pass);
  const checked = isWhole ? check() : true;
  await Promise.all([tell(child.stdout), tell(child.stderr)]);
  const { code } = await child.status;
  clearTimeout(timer);
  if (!late) return await checked ? code : 1;
  say(`stopped after ${LIMIT_MS / 60_000} minutes: a test hangs\n`);
  return 1;
}

if (import.meta.main) Deno.exit(await run(Deno.args));
