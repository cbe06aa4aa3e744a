/** Tries everything that the program must not be able to do, and prints what worked. */

import { readFileSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { hostname } from "node:os";

/** Computed at run time, like the module names of an attacker. */
const [elsewhere = ""] = Deno.args;

const ATTEMPTS: Readonly<Record<string, () => unknown>> = {
  "read a file": () => Deno.readTextFileSync("/etc/hostname"),
  "read a file, by Node": () => readFileSync("/etc/hostname"),
  "read itself": () => Deno.readTextFileSync(new URL(import.meta.url)),
  "look at a file": () => Deno.statSync("/etc"),
  "list a directory": () => [...Deno.readDirSync("/")],
  "open a file": () => Deno.openSync("/etc/hostname"),
  "watch files": () => Deno.watchFs("/etc"),
  "write a file": () => Deno.writeTextFileSync("/tmp/attempt", ""),
  "write a file, by Node": () => writeFileSync("/tmp/attempt", ""),
  "make a directory": () => Deno.mkdirSync("/tmp/attempts"),
  "make a temporary file": () => Deno.makeTempFileSync(),
  "remove a file": () => Deno.removeSync("/etc/hostname"),
  "change its directory": () => Deno.chdir("/"),
  "run a program": () => new Deno.Command("true").outputSync(),
  "run a program, by Node": () => {
    // A program that may not run leaves nothing behind, no error either.
    if (!spawnSync("echo", ["ran"]).stdout?.length) throw new Deno.errors.NotCapable();
  },
  "end another process": () => Deno.kill(1, "SIGCONT"),
  "load a library": () => Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }),
  "ask for the host's name": () => Deno.hostname(),
  "ask for the host's name, by Node": () => hostname(),
  "ask for the system": () => Deno.osRelease(),
  "ask for the memory of the host": () => Deno.systemMemoryInfo(),
  "ask for the load of the host": () => Deno.loadavg(),
  "ask for the network's interfaces": () => Deno.networkInterfaces(),
  "ask for the user": () => Deno.uid(),
  "listen on a socket in a file": () => Deno.listen({ transport: "unix", path: "/tmp/attempt" }),
  "load code from a file": () => import(`file://${elsewhere}/elsewhere.ts`),
  "load code from a server": () => import(`https://${elsewhere.slice(1)}.example/elsewhere.ts`),
};

const worked: string[] = [];
const otherwise: string[] = [];
for (const [what, attempt] of Object.entries(ATTEMPTS)) {
  try {
    await attempt();
    worked.push(what);
  } catch (error) {
    const text = `${error}`;
    if (!/NotCapable|PermissionDenied|Requires \w+ access|ERR_ACCESS_DENIED|escalate/.test(text)) {
      otherwise.push(`${what}: ${text}`);
    }
  }
}
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ worked, otherwise })));
