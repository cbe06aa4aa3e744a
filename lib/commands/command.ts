/** What a command is, and what it may use of the world. */

import type { LineWriter } from "../log/line_writer.ts";

/** The world as commands see it: tests give another one. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Standard output for the log of a service; without it lines are printed. */
  readonly log?: LineWriter;
  /** Writes a line to standard error. */
  complain(line: string): void;
  /** Asks a person yes or no; not there when nobody can be asked. */
  readonly confirm?: (question: string) => boolean;
  /** Whether standard output is a terminal that shows colours. */
  readonly colours: boolean;
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
  readonly build: Build;
}

/** What this executable is. */
export interface Build {
  readonly version: string;
  /** Commit that it was made of; null when it runs from source. */
  readonly commit: string | null;
  /** Whether the embedded database is in it. */
  readonly embeddedDatabase: boolean;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Everything about it: usage and options. */
  readonly help: string;
  /** Returns the exit code: 0 done, 1 failed. Throws a `UsageError` or `ConfigError` for 2. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The words of a command line are wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
