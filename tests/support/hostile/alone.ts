/** The executable with servers that a test provides, and its peak memory. */

import assert from "node:assert/strict";
import { PROGRAM } from "./executable.ts";
import { assertWithinMemory, limitMemoryOf } from "./memory_limit.ts";
import { until } from "../within.ts";

const PATIENCE_MS = 120_000;

export class Alone implements AsyncDisposable {
  readonly log: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #output: Promise<void>;
  #hasEnded = false;

  private constructor(
    databaseUrl: string,
    streamUrl: string,
    env: Readonly<Record<string, string>>,
  ) {
    const [program = "", ...args] = PROGRAM;
    this.#process = new Deno.Command(program, {
      args: [...args, "run"],
      env: {
        SUBCULT_ENV: "production",
        DATABASE_URL: databaseUrl,
        JETSTREAM_URL: streamUrl,
        JETSTREAM_COMPRESS: "false",
        LOCATION_JITTER_SECRET: "0123456789abcdef0123456789abcdef",
        HTTP_HOST: "127.0.0.1",
        METRICS_PORT: "0",
        ...env,
      },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#output = this.#read();
    void this.#process.status.then(() => this.#hasEnded = true);
  }

  /** Starts it, and limits its memory once it listens. */
  static async start(
    databaseUrl: string,
    streamUrl: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Alone> {
    const alone = new Alone(databaseUrl, streamUrl, env);
    await alone.until(() =>
      Promise.resolve(alone.log.some((line) => line.includes('"listening"')))
    );
    await limitMemoryOf(alone.#process.pid);
    return alone;
  }

  /** Waits until a condition holds, and checks that the process stays within the memory of its unit. */
  until(holds: () => Promise<boolean>, patienceMs: number = PATIENCE_MS): Promise<void> {
    const last = (): string => this.log.slice(-5).join("\n");
    const isMet = async (): Promise<boolean> => {
      const isMet = await holds();
      assert.ok(!this.#hasEnded, `it ended: ${last()}`);
      await assertWithinMemory(this.#process.pid);
      return isMet;
    };
    return until(isMet, `${holds}`, { limitMs: patienceMs, everyMs: 200, state: last });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await this.#output;
  }

  async #read(): Promise<void> {
    const text = this.#process.stdout.pipeThrough(new TextDecoderStream() as TransformStream);
    for await (const part of text) this.log.push(...String(part).split("\n").filter(Boolean));
  }
}
