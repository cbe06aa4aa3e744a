/**
 * Embedded databases in one process beside the run: their code is compiled once for all of them, and where one
 * breaks down the run still reports what failed.
 */

import { linesOf } from "../lines.ts";
import type { Leased } from "./question.ts";

interface Starter {
  readonly process: Deno.ChildProcess;
  readonly input: WritableStreamDefaultWriter<Uint8Array>;
  readonly output: AsyncGenerator<string>;
}

function startProcess(): Starter {
  const script = new URL("./embedded_process.ts", import.meta.url).pathname;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  return { process, input: process.stdin.getWriter(), output: linesOf(process.stdout) };
}

export class EmbeddedDatabases implements AsyncDisposable {
  #starter: Starter | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Starts and migrates another one. */
  start(): Promise<Leased> {
    const { input, output } = this.#starter ??= startProcess();
    const started = this.#turn.then(async () => {
      await input.write(new TextEncoder().encode("\n"));
      const { done, value } = await output.next();
      if (done) throw new Error("cannot start an embedded database for the tests");
      return JSON.parse(value);
    });
    this.#turn = started.catch(() => {});
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    // It may have ended by itself.
    await this.#starter?.input.close().catch(() => {});
    await this.#starter?.process.status;
  }
}
