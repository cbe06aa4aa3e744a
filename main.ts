/** The process: signals, environment, output. */

import process from "node:process";
import manifest from "./deno.json" with { type: "json" };
import type { Build } from "./lib/commands/command.ts";
import { ignoreProxies } from "./lib/config/proxies.ts";
import { LineWriter } from "./lib/log/line_writer.ts";
import { endOnUncaught } from "./lib/log/uncaught.ts";

/** The first signal asks to stop; a second one ends the process at once. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) Deno.exit(1);
    stop.abort(new Error("the process was asked to stop"));
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  return stop.signal;
}

const WITHOUT_EMBEDDED_DATABASE = "--without-embedded-database";

/** The executable's build adds words before those of the command line: the commit, and what is left out. */
function readBuild(words: readonly string[]): { build: Build; words: readonly string[] } {
  const { version } = manifest;
  const [first = "", second = "", ...rest] = words;
  const commit = /^--commit=(.+)$/.exec(first)?.[1] ?? null;
  if (commit === null) return { build: { version, commit, embeddedDatabase: true }, words };
  const embeddedDatabase = second !== WITHOUT_EMBEDDED_DATABASE;
  const build = { version, commit, embeddedDatabase };
  return { build, words: embeddedDatabase ? words.slice(1) : rest };
}

/** Reads the environment and drops the permission, for the process and its workers. */
function takeEnvironment(): Record<string, string> {
  const env = Deno.env.toObject();
  ignoreProxies();
  Deno.permissions.revokeSync({ name: "env" });
  // npm packages read variables of their own when they start, and would fail without the permission.
  process.env = {};
  return env;
}

/** How long the last log lines wait for their reader. */
const LAST_LINES_MS = 1_000;

if (import.meta.main) {
  // Before the rest of the program is loaded, which takes some tenths of a second.
  const stop = stopOnSignals();
  const { main } = await import("./lib/commands/command_line.ts");
  const { secretsIn } = await import("./lib/config/secrets.ts");
  const { build, words } = readBuild(Deno.args);
  const env = takeEnvironment();
  const complain = (line: string): void => writeLine(Deno.stderr, line);
  endOnUncaught(secretsIn(env), complain);
  const log = new LineWriter(Deno.stdout);
  const code = await main(words, {
    env,
    build,
    print: (line) => writeLine(Deno.stdout, line),
    log,
    complain,
    ...(Deno.stdin.isTerminal() && Deno.stdout.isTerminal() ? { confirm } : {}),
    colours: Deno.stdout.isTerminal() && !env["NO_COLOR"],
    stop,
  });
  await log.flush(LAST_LINES_MS);
  Deno.exit(code);
}

function writeLine(stream: typeof Deno.stdout, line: string): void {
  let bytes = new TextEncoder().encode(`${line}\n`);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    // The reader has closed, as in `status | head`: the rest is not needed.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
