/** The executable running with an environment of its own, until it is stopped. */

import { until, within } from "./within.ts";

const PATIENCE_MS = 60_000;

export class Running implements AsyncDisposable {
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;

  private constructor(child: Deno.ChildProcess, port: number, read: Promise<void>) {
    this.#child = child;
    this.port = port;
    this.#read = read;
  }

  /** Starts it with an embedded database and no home, and waits until it listens. */
  static async start(program: string, args: readonly string[], stream: string): Promise<Running> {
    const child = new Deno.Command(program, {
      args: [...args, "run"],
      env: {
        SUBCULT_ENV: "development",
        METRICS_PORT: "0",
        HTTP_HOST: "127.0.0.1",
        JETSTREAM_URL: stream,
        JETSTREAM_COMPRESS: "false",
        START_FROM: "0",
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      },
      clearEnv: true,
      cwd: "/",
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const port = Promise.withResolvers<number>();
    const read = readLog(child.stdout, port);
    return new Running(child, await within(port.promise, "the port of the executable"), read);
  }

  /** Waits until something holds. */
  until(holds: () => Promise<boolean>): Promise<void> {
    return until(holds, `${holds}`, { limitMs: PATIENCE_MS });
  }

  /** Asks it to stop, and returns its exit status. */
  async stop(): Promise<{ code: number; signal: Deno.Signal | null }> {
    this.#child.kill("SIGTERM");
    const { code, signal } = await this.#child.status;
    await this.#read;
    return { code, signal };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#read;
  }
}

/** Reads to the end, so that the pipe never fills. */
async function readLog(
  stdout: ReadableStream<Uint8Array>,
  port: PromiseWithResolvers<number>,
): Promise<void> {
  let text = "";
  for await (const part of stdout.pipeThrough(new TextDecoderStream() as TransformStream)) {
    text += part;
    const found = /listening .*port=(\d+)/.exec(text)?.[1];
    if (found !== undefined) port.resolve(Number(found));
  }
  port.reject(new Error(`it ended before it listened: ${text}`));
}
