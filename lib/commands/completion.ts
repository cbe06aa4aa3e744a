/** Shell completion scripts for commands and options, made from each command's help. */

import { didYouMean } from "../spelling.ts";
import { type Command, UsageError } from "./command.ts";
import { parseOptions } from "./options.ts";

const SHELLS = ["bash", "zsh", "fish"];
const PROGRAM = "jetstream-indexer";

/** The command that prints such a script. */
export function completionOf(commands: () => readonly Command[]): Command {
  return {
    name: "completion",
    summary: "print a script for bash, zsh or fish",
    help: `usage: jetstream-indexer completion bash|zsh|fish

Examples:
  source <(jetstream-indexer completion bash)
  source <(jetstream-indexer completion zsh)
  jetstream-indexer completion fish | source`,
    run(args, terminal): Promise<number> {
      const { words: [shell = "", ...more] } = parseOptions(args, {}, { words: true });
      if (!SHELLS.includes(shell) || more.length > 0) {
        const hint = shell === "" ? "" : didYouMean(shell, SHELLS);
        throw new UsageError(`completion takes one of: ${SHELLS.join(", ")}${hint}`);
      }
      terminal.print(shell === "fish" ? fish(commands()) : bash(commands(), shell === "zsh"));
      return Promise.resolve(0);
    },
  };
}

/** The words that may follow a command: the actions and options in its help. */
function wordsAfter({ name, help }: Command, commands: readonly Command[]): string[] {
  const options = help.match(/--[a-z][a-z-]*/g) ?? [];
  const actions = [...help.matchAll(/^(?:usage:)? +jetstream-indexer dead-letters ([a-z]+)/gm)]
    .map(([, action = ""]) => action);
  const topics = name === "help" ? [...commands.map(({ name }) => name), "settings"] : [];
  const shells = name === "completion" ? SHELLS : [];
  const own = name === "dead-letters" ? actions : [];
  return [...new Set([...own, ...topics, ...shells, ...options, "--help"])];
}

/** Zsh runs the same script with its emulation of bash completion. */
function bash(commands: readonly Command[], isZsh: boolean): string {
  return [
    ...(isZsh ? ["autoload -Uz compinit bashcompinit && compinit -u && bashcompinit"] : []),
    "_jetstream_indexer() {",
    '  local word="${COMP_WORDS[COMP_CWORD]}" words',
    '  case "$COMP_CWORD:${COMP_WORDS[1]}" in',
    `    1:*) words="${commands.map(({ name }) => name).join(" ")}" ;;`,
    ...commands.map((command) =>
      `    *:${command.name}) words="${wordsAfter(command, commands).join(" ")}" ;;`
    ),
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
    "}",
    `complete -F _jetstream_indexer ${PROGRAM}`,
  ].join("\n");
}

function fish(commands: readonly Command[]): string {
  return [
    `complete -c ${PROGRAM} -f`,
    ...commands.map(({ name, summary }) =>
      `complete -c ${PROGRAM} -n __fish_use_subcommand -a ${name} -d '${
        summary.replaceAll("'", "\\'")
      }'`
    ),
    ...commands.map((command) =>
      `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${command.name}' -a '${
        wordsAfter(command, commands).join(" ")
      }'`
    ),
  ].join("\n");
}
