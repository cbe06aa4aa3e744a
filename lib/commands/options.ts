/** The options of a command line, or an error that says which one is wrong. */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "./command.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Parses options, and positional words where there may be some. */
export function parseOptions<T extends Options>(
  args: readonly string[],
  options: T,
  { words: allowPositionals = false }: { readonly words?: boolean } = {},
): { values: ReturnType<typeof parseArgs<{ options: T }>>["values"]; words: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals,
    });
    return { values, words: positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A positive whole number from a word. */
export function wholeNumber(text: string, what: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) {
    throw new UsageError(
      `cannot use ${JSON.stringify(text)} as ${what}: expected a whole number from 1`,
    );
  }
  return Number(text);
}
