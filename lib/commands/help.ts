import { SETTINGS } from "../config/settings.ts";
import type { Command } from "./command.ts";

/** Everything that a person needs to use the program, from the tables that the program itself uses. */
export function helpText(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const settings = Object.entries(SETTINGS).flatMap(([name, setting]) => [
    `  ${name}${setting.default === null ? "" : ` (default: ${setting.default})`}`,
    `      ${setting.meaning}`,
    `      Accepts ${setting.accepts}.`,
  ]);
  return [
    "jetstream-indexer follows AT Protocol's Jetstream and folds the records of Subcults into Postgres.",
    "",
    "usage: jetstream-indexer [command] [options]",
    "",
    "Commands (each has --help):",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "Settings (environment):",
    ...settings,
    "",
    "Exit codes: 0 done; 1 failed; 2 wrong usage or configuration.",
  ].join("\n");
}
