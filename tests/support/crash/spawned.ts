/** Processes under test, seen from the outside: what they write, and how they end. */

import { type Plan, type Point, readSaid, type Said } from "./plan.ts";

export interface Ended {
  readonly code: number;
  /** The signal that ended it; null when it ended by itself. */
  readonly signal: Deno.Signal | null;
  /** The last lines that it wrote, for a failure's message. */
  readonly lastLines: readonly string[];
}

/** Lines that are kept for a failure's message. */
const KEPT_LINES = 30;

/** Variables of the environment of the tests, which the program could mistake for misspelt settings. */
const SETTING = /^(JETSTREAM|QUEUE|BATCH|RECONNECT|WANTED)_/;

export class Spawned implements AsyncDisposable {
  readonly done: Promise<Ended>;
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];

  /** Runs deno with these arguments. `onLine` receives each line of its standard output as it comes. */
  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    onLine: (line: string) => void = () => {},
  ) {
    const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !SETTING.test(name));
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...args],
      clearEnv: true,
      env: { ...Object.fromEntries(inherited), ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reading = Promise.all([
      this.#read(this.#child.stdout, onLine),
      this.#read(this.#child.stderr, () => {}),
    ]);
    this.done = this.#child.status.then(async ({ code, signal }) => {
      await reading;
      return { code, signal, lastLines: this.#lines };
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It ended before.
    }
  }

  /** Kills it if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.done;
  }

  async #read(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    const take = (line: string): void => {
      this.#lines.push(line);
      if (this.#lines.length > KEPT_LINES) this.#lines.shift();
      onLine(line);
    };
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(take);
    }
    if (rest !== "") take(rest);
  }
}

export interface PlannedEnd extends Ended {
  /** The point at which it reported that it kills itself. */
  readonly killedAt: Point | null;
}

/** A process that follows a plan. */
export interface Planned extends AsyncDisposable {
  readonly pid: number;
  readonly done: Promise<PlannedEnd>;
  signal(signal: Deno.Signal): void;
}

/** Starts a process that follows a plan. `onSaid` receives each message as it arrives. */
export function spawnPlanned(plan: Plan, onSaid: (said: Said) => void = () => {}): Planned {
  let killedAt: Point | null = null;
  const script = new URL("./process.ts", import.meta.url).pathname;
  const process = new Spawned(["-A", script], { CRASH_PLAN: JSON.stringify(plan) }, (line) => {
    const said = readSaid(line);
    if (said === null) return;
    if (said.said === "killing") killedAt = said.point;
    onSaid(said);
  });
  return {
    pid: process.pid,
    done: process.done.then((ended) => ({ ...ended, killedAt })),
    signal: (signal) => process.signal(signal),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
