/** Help texts, from the tables that the program itself uses. */

import { SETTINGS } from "../config/settings.ts";
import { didYouMean } from "../spelling.ts";
import { type Command, UsageError } from "./command.ts";
import { parseOptions } from "./options.ts";

/** The help topic besides the commands. */
const SETTINGS_TOPIC = "settings";

/** The command that prints all commands, one of them, or the settings. */
export function helpOf(commands: () => readonly Command[]): Command {
  return {
    name: "help",
    summary: "print commands, one command, or settings",
    help: `usage: jetstream-indexer help [COMMAND | settings]

Examples:
  jetstream-indexer help dead-letters
  jetstream-indexer help settings`,
    run(args, terminal): Promise<number> {
      const { words: [topic, ...more] } = parseOptions(args, {}, { words: true });
      if (more.length > 0) throw new UsageError("help takes one command");
      terminal.print(helpText(commands(), topic));
      return Promise.resolve(0);
    },
  };
}

function helpText(commands: readonly Command[], topic: string | undefined): string {
  if (topic === undefined) return overview(commands);
  if (topic === SETTINGS_TOPIC) return settings();
  const command = commands.find(({ name }) => name === topic);
  if (command !== undefined) return command.help;
  const topics = [...commands.map(({ name }) => name), SETTINGS_TOPIC];
  throw new UsageError(`there is no help on ${JSON.stringify(topic)}${didYouMean(topic, topics)}`);
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "jetstream-indexer follows AT Protocol's Jetstream and folds",
    "the records of Subcults into Postgres.",
    "",
    "usage: jetstream-indexer [command] [options]",
    "",
    "Commands (each has --help):",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "Settings are environment variables; production needs",
    "DATABASE_URL and LOCATION_JITTER_SECRET. All of them:",
    "  jetstream-indexer help settings",
    "",
    "Exit codes: 0 done; 1 failed;",
    "2 wrong usage or configuration.",
  ].join("\n");
}

function settings(): string {
  return Object.entries(SETTINGS).flatMap(([name, setting]) => [
    name,
    ...(setting.default === null ? [] : wrapped(`Default: ${setting.default}`)),
    ...wrapped(setting.meaning),
    ...wrapped(`Accepts ${setting.accepts}.`),
  ]).join("\n");
}

const WIDTH = 60;

/** Indented lines that fit a narrow terminal, except for longer single words. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(`    ${word}`);
  }
  return lines;
}
