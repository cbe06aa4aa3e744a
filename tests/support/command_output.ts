/** Runs a command line in the process of a test, and records its output. */

import manifest from "../../deno.json" with { type: "json" };
import { main } from "../../lib/commands/command_line.ts";

export interface Told {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

export interface ToldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly commit?: string;
  readonly stop?: AbortSignal;
  readonly colours?: boolean;
  /** A person who answers. */
  readonly confirm?: (question: string) => boolean;
}

/** Runs a command line until it ends. */
export async function told(words: readonly string[], options: ToldOptions = {}): Promise<Told> {
  const { env = {}, commit = null, colours = false, confirm } = options;
  const { stop = new AbortController().signal } = options;
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(words, {
    env,
    build: { version: manifest.version, commit, embeddedDatabase: true },
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    ...(confirm === undefined ? {} : { confirm }),
    colours,
    stop,
  });
  return { code, out, err };
}
