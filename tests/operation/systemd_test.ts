/** The systemd unit: valid, hardened, and matching the program. */

import assert from "node:assert/strict";
import { COMMANDS } from "../../lib/commands/all.ts";
import { readConfig } from "../../lib/config.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { programTest, repository, run } from "../support/repository_files.ts";

const UNIT = "systemd/jetstream-indexer.service";
const EXECUTABLE = "/usr/local/bin/jetstream-indexer";

const unit = await repository(UNIT);
const example = await repository("systemd/jetstream-indexer.env.example");
const operations = await repository("OPERATIONS.md");

/** The longest drain that the program promises, seconds. */
const DRAIN_SECONDS = 10;

/** The values of a directive, in their order. */
function values(directive: string): string[] {
  return [...unit.matchAll(new RegExp(`^${directive}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

/** Variables of the example, those that are commented out included. */
function exampleVariables(): Record<string, string> {
  const lines = [...example.matchAll(/^#?([A-Z][A-Z0-9_]+)=(.*)$/gm)];
  return Object.fromEntries(
    lines.map(([, name = "", value = ""]) => [name, value.replaceAll(/^'|'$/g, "")]),
  );
}

/** The unit beside an executable that exists, as after an installation. */
async function withInstalledUnit(use: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/jetstream-indexer.service`;
    await Deno.writeTextFile(path, unit.replace(EXECUTABLE, Deno.execPath()));
    await use(path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

programTest("systemd-analyze", "systemd reports no problem of the unit", async () => {
  await withInstalledUnit(async (path) => {
    assert.equal(await run("systemd-analyze", ["verify", path]), "");
  });
});

programTest("systemd-analyze", "systemd rates the unit's exposure 2.0 or less", async () => {
  await withInstalledUnit(async (path) => {
    const said = await run("systemd-analyze", ["security", "--offline=true", path]);
    const [, exposure = ""] = /Overall exposure level for \S+: (\d+\.\d+) OK/.exec(said) ?? [];
    assert.notEqual(exposure, "", said);
    assert(Number(exposure) <= 2, said);
  });
});

Deno.test("the unit runs an existing command", () => {
  const [path, command, ...more] = (values("ExecStart")[0] ?? "").split(" ");
  assert.equal(path, EXECUTABLE);
  assert(COMMANDS.some(({ name }) => name === command));
  assert.deepEqual(more, []);
});

Deno.test("the unit contains no setting: everybody on the machine could read it", () => {
  assert.deepEqual(values("Environment"), []);
  assert.deepEqual(values("EnvironmentFile"), ["/etc/jetstream-indexer.env"]);
});

Deno.test("a stop sends one signal, and leaves time for the drain", () => {
  const [timeout = ""] = values("TimeoutStopSec");
  assert(Number(timeout.replace(/s$/, "")) > DRAIN_SECONDS);
  assert.deepEqual(values("KillSignal"), ["SIGTERM"]);
});

Deno.test("it is restarted without limit, except with invalid settings", () => {
  assert.deepEqual(values("Restart"), ["always"]);
  assert.deepEqual(values("StartLimitIntervalSec"), ["0"]);
  assert.deepEqual(values("RestartPreventExitStatus"), ["2"]);
});

Deno.test("the queue fits into the memory that the unit allows", () => {
  const mebibytes = (text: string): number => Number(/^(\d+)M(?:iB)?$/.exec(text)?.[1]);
  const [high = ""] = values("MemoryHigh");
  const [max = ""] = values("MemoryMax");
  // 340 MB were measured under full load, with next to nothing in the queue.
  assert(mebibytes(high) > 340 + mebibytes(SETTINGS.QUEUE_MAX_BYTES.default ?? ""));
  assert(mebibytes(max) > mebibytes(high));
});

Deno.test("the example of the environment file has existing settings with valid values", () => {
  const variables = exampleVariables();
  assert(Object.keys(variables).length > 5);
  for (const name of Object.keys(variables)) assert(Object.hasOwn(SETTINGS, name), name);
  readConfig({ ...variables, LOCATION_JITTER_SECRET: "0".repeat(64) });
});

Deno.test("the example of the environment file contains no secret", () => {
  for (const [name, value] of Object.entries(exampleVariables())) {
    if (!Object.hasOwn(SETTINGS, name)) continue;
    const { secret } = SETTINGS[name as keyof typeof SETTINGS];
    if (secret) assert(value === "" || value.includes("PASSWORD"), name);
  }
});

Deno.test("the section on installing has at most ten commands, with existing files", async () => {
  const [, section = ""] = operations.split("\n## Install\n");
  const [, note = ""] = /```sh\n([^]*?)```/.exec(section) ?? [];
  // A command may go on over a line that a quote keeps open.
  const commands = note.split("\n").filter((line) => /^(sudo|[a-z]+=)/.test(line));
  assert(commands.length > 5 && commands.length <= 10, String(commands.length));
  const sources = [...note.matchAll(/install -m \d+ (\S+) (\S+)/g)];
  assert.equal(sources.length, 3);
  for (const [, source = ""] of sources) {
    if (source !== "dist/jetstream-indexer") await repository(source);
  }
  assert.match(note, /install -m 600 \S+ \/etc\/jetstream-indexer\.env\n/);
  assert(note.includes(`${EXECUTABLE.replace(/[^/]+$/, "")}\n`));
});
