/** Every command, in the order in which help lists them. */

import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { deadLetters } from "./dead_letters.ts";
import { helpText } from "./help.ts";
import { migrate } from "./migrate.ts";
import { parseOptions } from "./options.ts";
import { reconcile } from "./reconcile.ts";
import { run } from "./run.ts";
import { status } from "./status.ts";
import { version } from "./version.ts";

const help: Command = {
  name: "help",
  summary: "print commands and settings",
  help: "usage: jetstream-indexer help",
  run(args, terminal): Promise<number> {
    parseOptions(args, {});
    terminal.print(helpText(COMMANDS));
    return Promise.resolve(0);
  },
};

export const COMMANDS: readonly Command[] = [
  run,
  migrate,
  status,
  check,
  deadLetters,
  reconcile,
  version,
  help,
];
