/**
 * A crowd at the port, of hundreds of addresses and without a token, against the executable (or the
 * program from its source, where none is made) with the limits of its unit. Whatever the crowd
 * does: health is answered all along, the process stays within its descriptors and its memory, and
 * the next good record is written.
 */

import assert from "node:assert/strict";
import { get, type Got } from "../../lib/pds/get.ts";
import { databaseTest } from "../support/database.ts";
import { PROGRAM } from "../support/hostile/executable.ts";
import { assertWithinMemory, MEMORY_LIMITED } from "../support/hostile/memory_limit.ts";
import { Victim } from "../support/hostile/victim.ts";

const CROWD = new URL("../support/hostile/crowd.mjs", import.meta.url).pathname;

/** Attacks on the port: see `hostile/crowd.mjs`. The last one mixes all. */
const THINGS = [
  "reset",
  "idle",
  "close half",
  "speak TLS",
  "ask and not read",
  "pipeline HTTP/1.0",
  "everything",
];

/** More than there are places. */
const CLIENTS = 300;

/** 256 connections and 32 that are closing, beside those of stream, database and runtime. */
const MAX_DESCRIPTORS = 256 + 32 + 64;

const HEALTH_QUESTIONS = 5;
const PATIENCE_MS = 30_000;

async function runs(program: string): Promise<boolean> {
  const args = ["--version"];
  return await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output()
    .then(({ success }) => success, () => false);
}

const hasNode = await runs("node");

/** The program with so many descriptors at most. */
function limited(descriptors: number): readonly string[] {
  return ["sh", "-c", `ulimit -n ${descriptors}; exec "$@"`, "sh", ...PROGRAM];
}

/** Like a health probe: a failed request is repeated once. */
async function health(port: number): Promise<void> {
  // A `fetch` that is given up may go on beyond the end of the test.
  const ask = (): Promise<Got> =>
    get(new URL(`http://127.0.0.1:${port}/health`), {
      allowPrivate: true,
      maxBytes: 1_000,
      timeoutMs: PATIENCE_MS,
      signal: new AbortController().signal,
    });
  const { status, body } = await ask().catch(ask);
  const answer: unknown = JSON.parse(new TextDecoder().decode(body));
  assert.deepEqual([status, answer], [200, { status: "healthy", standby: false }]);
}

async function descriptors(pid: number): Promise<number> {
  let count = 0;
  for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) count++;
  return count;
}

class Crowd implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #said: ReadableStreamDefaultReader<string>;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#said = process.stdout.pipeThrough(new TextDecoderStream() as TransformStream)
      .getReader();
  }

  /** Resolves when all of it is there. */
  static async come(port: number, thing: string): Promise<Crowd> {
    const process = new Deno.Command("node", {
      args: [CROWD, String(port), String(CLIENTS), thing],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const crowd = new Crowd(process);
    assert.equal((await crowd.#said.read()).value, "here\n");
    return crowd;
  }

  /** Ends the crowd. Returns how many connections it has made. */
  async leave(): Promise<number> {
    await this.#process.stdin.close();
    return Number((await this.#said.read()).value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has gone.
    }
    await this.#process.status;
    await this.#said.cancel();
  }
}

/** Runs a crowd, checks health meanwhile, and returns the maximum number of descriptors. */
async function endure(victim: Victim, thing: string): Promise<number> {
  await using crowd = await Crowd.come(victim.port, thing);
  let most = 0;
  for (let asked = 0; asked < HEALTH_QUESTIONS; asked++) {
    await health(victim.port);
    most = Math.max(most, await descriptors(victim.pid));
  }
  assert.ok(await crowd.leave() >= CLIENTS, `${thing}: the crowd was not there`);
  return most;
}

/** The last is fewer than it wants: there it finds out how many connections it can have. */
const CASES: readonly (readonly [descriptors: number, things: readonly string[]])[] = [
  [1_024, THINGS],
  [4_096, ["pipeline HTTP/1.0", "everything"]],
  [96, ["idle", "everything"]],
];

for (const [limit, things] of CASES) {
  databaseTest(
    `with ${limit} descriptors a crowd of clients neither ends the process nor blocks /health (${MEMORY_LIMITED})` +
      (hasNode ? "" : " (skipped: no node)"),
    async (database) => {
      await using victim = await Victim.start(
        database,
        { INTERNAL_AUTH_TOKEN: "", JETSTREAM_COMPRESS: "false", LOG_LEVEL: "info" },
        limited(limit),
      );
      for (const thing of things) {
        await victim.suffer(async () => {
          const most = await endure(victim, thing);
          assert.ok(most <= Math.min(limit, MAX_DESCRIPTORS), `${thing}: ${most} descriptors`);
        });
      }
      await assertWithinMemory(victim.pid);
      const told = victim.log.filter((line) => /"level":"(warn|error)"/.test(line))
        .filter((line) => !/INTERNAL_AUTH_TOKEN/.test(line));
      if (limit > MAX_DESCRIPTORS) assert.deepEqual(told, []);
      else assert.match(told.join("\n"), /cannot accept connections, retrying.*EMFILE/);
    },
    { ignore: !hasNode },
  );
}
