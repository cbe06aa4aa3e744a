/** Parses the options of a command line, with errors that name the wrong one. */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { didYouMean } from "../spelling.ts";
import { UsageError } from "./command.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Parses options, and positional words if there may be some. */
export function parseOptions<T extends Options>(
  args: readonly string[],
  options: T,
  { words: mayHaveWords = false }: { readonly words?: boolean } = {},
): { values: ReturnType<typeof parseArgs<{ options: T }>>["values"]; words: string[] } {
  // Validated here, for the program's own error messages.
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "option") checkOption(token, options);
    if (token.kind === "positional" && !mayHaveWords) {
      throw new UsageError(`cannot use ${JSON.stringify(token.value)}: expected options only`);
    }
  }
  return {
    values: values as ReturnType<typeof parseArgs<{ options: T }>>["values"],
    words: positionals,
  };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function checkOption({ name, rawName, value, inlineValue }: OptionToken, options: Options): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const known = Object.keys(options).map((known) => `--${known}`);
    throw new UsageError(`there is no option ${rawName}${didYouMean(rawName, known)}`);
  }
  if (option.type === "boolean" && value !== undefined) {
    throw new UsageError(`cannot use a value for ${rawName}: it takes none`);
  }
  // `--reason --all` is a forgotten value; `--reason=--all` is intended.
  const isForgotten = value === undefined || (inlineValue !== true && value.startsWith("-"));
  if (option.type === "string" && (isForgotten || value === "")) {
    throw new UsageError(`cannot use ${rawName} alone: expected a value after it`);
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
