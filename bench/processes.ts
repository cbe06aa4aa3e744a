/** The processes of a measurement: each part has its own, so that their figures do not mix. */

import { printLine } from "../tests/support/task.ts";
import type { Play } from "./server.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** Scheduler ticks a second, as Linux counts the CPU time of a process. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** Prints one line of JSON for the process that started this one. */
export function say(fact: unknown): void {
  printLine(JSON.stringify(fact));
}

/** What a process needs to find its modules. */
function inherited(): Record<string, string> {
  const { PATH = "", HOME = "", DENO_DIR = "" } = Deno.env.toObject();
  return { PATH, HOME, ...DENO_DIR === "" ? {} : { DENO_DIR } };
}

/** A process that prints JSON, one value per line. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<unknown>;
  hasEnded = false;

  constructor(command: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#child = new Deno.Command(command, {
      args: [...args],
      // Settings in the environment of the benchmarks are not passed to the indexer.
      clearEnv: true,
      env: { ...inherited(), ...env },
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = linesOf(this.#child.stdout);
    void this.#child.status.then(() => this.hasEnded = true);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The next value that it prints. */
  async hear<Fact>(): Promise<Fact> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("cannot measure: a process ended before it said its result");
    return value as Fact;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    // Read to the end: a process that can't print its last value would end with an error.
    while (!(await this.#lines.next()).done);
    await this.#child.status;
  }
}

/** Runs a file of this folder. */
export function deno(file: string, args: readonly string[], env = {}): Program {
  return new Program(Deno.execPath(), ["run", "-A", "--no-check", `bench/${file}`, ...args], env);
}

/** A server that plays a stream, ready to be connected to. */
export async function startServer(play: Play): Promise<{ program: Program; url: string }> {
  const program = deno("server.ts", [JSON.stringify(play)]);
  const { url } = await program.hear<{ url: string }>();
  return { program, url };
}

/** CPU time of a process of this machine, seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** Resident memory of a process of this machine, bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/statm`).catch(() => "");
  return Number(text.split(" ")[1] ?? 0) * PAGE_BYTES;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}
