/** Commands and exit codes; nothing else. */

import process from "node:process";
import manifest from "./deno.json" with { type: "json" };
import { COMMANDS } from "./lib/commands/all.ts";
import { type Build, type Terminal, UsageError } from "./lib/commands/command.ts";
import { plain } from "./lib/commands/plain.ts";
import { ConfigError, secretsIn } from "./lib/config.ts";
import { LineWriter } from "./lib/log/line_writer.ts";
import { endOnUncaught, tellError } from "./lib/log/uncaught.ts";

/** Runs a command line. Returns its exit code: 0 done, 1 failed, 2 wrong usage or configuration. */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = words;
  const named = first === undefined ? undefined : ALIASES.get(first) ?? first;
  const isOption = named === undefined || named.startsWith("-");
  const name = isOption ? "run" : named;
  const args = isOption ? words : rest;
  const command = COMMANDS.find((command) => command.name === name);
  try {
    if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
    if (args.includes("--help") || args.includes("-h")) {
      terminal.print(command.help);
      return 0;
    }
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.complain(`jetstream-indexer: ${plain(error.message)}`);
      terminal.complain(
        `see: jetstream-indexer ${command === undefined ? "help" : `${command.name} --help`}`,
      );
      return 2;
    }
    if (error instanceof ConfigError) {
      terminal.complain("jetstream-indexer: the settings can't be used:");
      for (const { message } of error.problems) terminal.complain(`  ${plain(message)}`);
      return 2;
    }
    terminal.complain(`jetstream-indexer: ${plain(tellError(error, secretsIn(terminal.env)))}`);
    return 1;
  }
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
]);

/** The first signal asks to stop; a second one ends at once. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) Deno.exit(1);
    stop.abort(new Error("asked to stop"));
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  return stop.signal;
}

const WITHOUT_EMBEDDED_DATABASE = "--without-embedded-database";

/** What was compiled in stands before the words of the command line: the commit, and what is left out. */
function readBuild(words: readonly string[]): { build: Build; words: readonly string[] } {
  const { version } = manifest;
  const [first = "", second = "", ...rest] = words;
  const commit = /^--commit=(.+)$/.exec(first)?.[1] ?? null;
  if (commit === null) return { build: { version, commit, embeddedDatabase: true }, words };
  const embeddedDatabase = second !== WITHOUT_EMBEDDED_DATABASE;
  const build = { version, commit, embeddedDatabase };
  return { build, words: embeddedDatabase ? words.slice(1) : rest };
}

/** Reads the environment and gives up the right to it, for the process and its workers. */
function takeEnvironment(): Record<string, string> {
  const env = Deno.env.toObject();
  Deno.permissions.revokeSync({ name: "env" });
  // npm packages look for variables of their own when they start, and would fail without the right.
  process.env = {};
  return env;
}

/** How long the last lines of the log wait for a reader. */
const LAST_LINES_MS = 1_000;

if (import.meta.main) {
  const stop = stopOnSignals();
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
    // Nobody reads any more, as in `status | head`: what is lost is wanted by no one.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
