/** How a task of `deno.json` reads its command line: `--help` and a wrong option print its usage. */

import { UsageError } from "../../lib/commands/command.ts";

/** Runs a task, and ends with the exit code that it returns; 2 for a wrong option. */
export async function runTask(
  usage: string,
  task: (args: readonly string[]) => Promise<number>,
  args: readonly string[] = Deno.args,
): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return printLine(usage);
  try {
    Deno.exit(await task(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    printLine(`${error.message}\n\n${usage}`, Deno.stderr);
    Deno.exit(2);
  }
}

/** Writes a whole line, by default to standard output. */
export function printLine(line: string, output: Output = Deno.stdout): void {
  writeWhole(new TextEncoder().encode(`${line}\n`), output);
}

/** Writes all bytes: a pipe may take them in parts. */
export function writeWhole(bytes: Uint8Array, output: Output = Deno.stdout): void {
  while (bytes.length > 0) bytes = bytes.subarray(output.writeSync(bytes));
}

interface Output {
  writeSync(bytes: Uint8Array): number;
}
