/** How a task of `deno.json` reads its command line: `--help` and a wrong option print its usage. */

import { UsageError } from "../../lib/commands/command.ts";

/** Runs a task, and sets the exit code that it returns; 2 for a wrong option. */
export async function runTask(
  usage: string,
  task: (args: readonly string[]) => Promise<number>,
  args: readonly string[] = Deno.args,
): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return printLine(usage);
  try {
    Deno.exitCode = await task(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    printLine(`${error.message}\n\n${usage}`, Deno.stderr);
    Deno.exitCode = 2;
  }
}

/** Writes a line, by default to standard output. */
export function printLine(
  line: string,
  output: { writeSync(bytes: Uint8Array): number } = Deno.stdout,
): void {
  output.writeSync(new TextEncoder().encode(`${line}\n`));
}
