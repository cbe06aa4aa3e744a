/** Loaded before the program: what the code of a compromised package can read at the end. */

import process from "node:process";

const ATTEMPTS: Readonly<Record<string, () => unknown>> = {
  "read a variable": () => Deno.env.get("LOCATION_JITTER_SECRET"),
  "read all variables": () => Deno.env.toObject().LOCATION_JITTER_SECRET,
  "read a variable, by Node": () => process.env.LOCATION_JITTER_SECRET,
  "read all variables, by Node": () => ({ ...process.env }).LOCATION_JITTER_SECRET,
  "read its environment as a file": () => Deno.readTextFileSync("/proc/self/environ"),
  "get the right back": () =>
    Deno.permissions.requestSync({ name: "env" }).state === "granted" ? "granted" : undefined,
};

const exit = Deno.exit;
Deno.exit = (code): never => {
  const found = Object.entries(ATTEMPTS).filter(([, attempt]) => {
    try {
      return attempt() !== undefined;
    } catch {
      return false;
    }
  });
  const line = `taken over: ${JSON.stringify(found.map(([what]) => what))}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
  return exit(code);
};
