/** The interface of a command, and its access to the outside. */

import type { LineWriter } from "../log/line_writer.ts";

/** The outside as commands see it; tests replace it. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Standard output for the log of a service; without it lines are printed. */
  readonly log?: LineWriter;
  /** Writes a line to standard error. */
  complain(line: string): void;
  /** Asks a person yes or no; absent when nobody can be asked. */
  readonly confirm?: (question: string) => boolean;
  /** Whether standard output is a terminal that shows colours. */
  readonly colours: boolean;
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
  readonly build: Build;
}

/** The executable's build. */
export interface Build {
  readonly version: string;
  /** The commit that it was built from; null when it runs from source. */
  readonly commit: string | null;
  /** Whether it contains the embedded database. */
  readonly embeddedDatabase: boolean;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Usage and options. */
  readonly help: string;
  /** Returns the exit code: 0 done, 1 failed. Throws a `UsageError` or `ConfigError` for 2. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The arguments are wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
