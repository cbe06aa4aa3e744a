import type { Build, Command } from "./command.ts";
import { parseOptions } from "./options.ts";

/** Version and commit in one line. */
export function buildText({ version, commit }: Build): string {
  return commit === null ? version : `${version} (${commit})`;
}

export const version: Command = {
  name: "version",
  summary: "print version and commit",
  help: "usage: jetstream-indexer version\n\nExample:\n  jetstream-indexer version",
  run(args, terminal): Promise<number> {
    parseOptions(args, {});
    terminal.print(`jetstream-indexer ${buildText(terminal.build)}`);
    return Promise.resolve(0);
  },
};
