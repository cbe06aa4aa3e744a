/** Finds and runs the command of a command line. */

import { ConfigError } from "../config.ts";
import { secretsIn } from "../config/secrets.ts";
import { errorText } from "../log/uncaught.ts";
import { didYouMean } from "../spelling.ts";
import { COMMANDS } from "./all.ts";
import { type Terminal, UsageError } from "./command.ts";
import { plain } from "./plain.ts";

/** Runs a command line. Returns its exit code: 0 done, 1 failed, 2 wrong usage or configuration. */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = words;
  const named = first === undefined ? undefined : ALIASES.get(first) ?? first;
  const isOption = named === undefined || named.startsWith("-");
  const name = isOption ? "run" : named;
  const args = isOption ? words : rest;
  const command = COMMANDS.find((command) => command.name === name);
  try {
    if (command === undefined) {
      const hint = didYouMean(name, COMMANDS.map(({ name }) => name));
      throw new UsageError(`there is no command ${JSON.stringify(name)}${hint}`);
    }
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
      terminal.complain("jetstream-indexer: cannot use the settings:");
      for (const { message } of error.problems) terminal.complain(`  ${plain(message)}`);
      return 2;
    }
    terminal.complain(`jetstream-indexer: ${plain(errorText(error, secretsIn(terminal.env)))}`);
    return 1;
  }
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
]);
