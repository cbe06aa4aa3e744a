/**
 * The compiled executable itself. Made by `deno task compile`; without it, or without a denort for the
 * probe, these tests say that they skip.
 */

import assert from "node:assert/strict";
import manifest from "../deno.json" with { type: "json" };

const EXECUTABLE = new URL("../dist/jetstream-indexer", import.meta.url).pathname;
const DENORT = Deno.env.get("DENORT_BIN");

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const isMade = exists(EXECUTABLE);
const skipped = isMade ? "" : " (skipped: no dist/jetstream-indexer)";

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program with an empty environment but for `env`, in a directory that it can't write to. */
async function execute(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env,
    clearEnv: true,
    cwd: "/",
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

function executableTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `executable: ${name}${skipped}`, ignore: !isMade, fn });
}

executableTest("version and help work without any environment", async () => {
  const version = await execute(EXECUTABLE, ["version"]);
  assert.match(
    version.out,
    new RegExp(`^jetstream-indexer ${manifest.version} \\([0-9a-f]{7,}\\)`),
  );
  const help = await execute(EXECUTABLE, ["help"]);
  assert.equal(help.code, 0);
  for (const command of ["run", "migrate", "status", "check", "dead-letters"]) {
    assert.match(help.out, new RegExp(`^  ${command} `, "m"));
    assert.equal((await execute(EXECUTABLE, [command, "--help"])).code, 0);
  }
});

executableTest("a wrong configuration names every problem and ends with 2", async () => {
  const { code, err } = await execute(EXECUTABLE, ["run"], { METRICS_PORT: "none" });
  assert.equal(code, 2);
  for (const name of ["DATABASE_URL", "LOCATION_JITTER_SECRET", "METRICS_PORT"]) {
    assert.ok(err.includes(name), `${name} is not named in ${err}`);
  }
});

executableTest("migrate and dead-letters work on a database of its own", async () => {
  const env = { SUBCULT_ENV: "development" };
  const migrated = await execute(EXECUTABLE, ["migrate"], env);
  assert.equal(migrated.code, 0, migrated.err);
  assert.match(migrated.out, /applied migrations 1, 2, 3/);
});

executableTest("check says what does not work and ends with 1", async () => {
  const env = { SUBCULT_ENV: "development", JETSTREAM_URL: "ws://127.0.0.1:1/subscribe" };
  const { code, out } = await execute(EXECUTABLE, ["check"], env);
  assert.equal(code, 1);
  assert.match(out, /ok {4}settings/);
  assert.match(out, /FAIL {2}stream 127\.0\.0\.1:1\/subscribe/);
});

executableTest("status says that nothing answers and ends with 1", async () => {
  const { code, err } = await execute(EXECUTABLE, ["status", "--ready"], { METRICS_PORT: "1" });
  assert.equal(code, 1);
  assert.match(err, /cannot reach http:\/\/127\.0\.0\.1:1/);
});

executableTest(
  "it runs with no database, no home and nothing to write to, and ends with 0",
  async () => {
    const child = new Deno.Command(EXECUTABLE, {
      args: ["run"],
      env: {
        SUBCULT_ENV: "development",
        METRICS_PORT: "0",
        HTTP_HOST: "127.0.0.1",
        JETSTREAM_URL: "ws://127.0.0.1:1/subscribe",
        JETSTREAM_COMPRESS: "false",
      },
      clearEnv: true,
      cwd: "/",
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let seen = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      seen += part;
      if (seen.includes("migrations applied")) child.kill("SIGTERM");
    }
    const { code, signal } = await child.status;
    assert.deepEqual([code, signal], [0, null], seen);
  },
);

const canProbe = DENORT !== undefined;

Deno.test({
  name: "executable: its permissions are network and environment, and nothing else" +
    (canProbe ? "" : " (skipped: DENORT_BIN is not set)"),
  ignore: !canProbe,
  fn: async () => {
    // The flags of the task, around a program that tries everything.
    const flags = manifest.tasks.compile.match(/--(no-prompt|allow-\S+)/g) ?? [];
    assert.deepEqual(flags, ["--no-prompt", "--allow-net", "--allow-env"]);
    const directory = await Deno.makeTempDir();
    try {
      const probe = `${directory}/probe`;
      await Deno.writeTextFile(`${probe}.ts`, PROBE);
      const args = [
        "compile",
        "--no-check",
        "--no-config",
        ...flags,
        "--output",
        probe,
        `${probe}.ts`,
      ];
      const compiled = await new Deno.Command(Deno.execPath(), { args, stderr: "piped" }).output();
      assert.ok(compiled.success, new TextDecoder().decode(compiled.stderr));
      const { out } = await execute(probe, []);
      assert.deepEqual(JSON.parse(out), {
        read: "NotCapable",
        write: "NotCapable",
        run: "NotCapable",
        ffi: "NotCapable",
        sys: "NotCapable",
        env: "allowed",
        net: "allowed",
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

const PROBE = `
const tries = {
  read: () => Deno.readTextFileSync("/etc/hostname"),
  write: () => Deno.writeTextFileSync("/tmp/probe-was-here", ""),
  run: () => new Deno.Command("/bin/true").outputSync(),
  ffi: () => Deno.dlopen("libc.so.6", {}),
  sys: () => Deno.hostname(),
  env: () => Deno.env.toObject(),
  net: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
};
const found = {};
for (const [name, attempt] of Object.entries(tries)) {
  try {
    attempt();
    found[name] = "allowed";
  } catch (error) {
    found[name] = error.name;
  }
}
console.log(JSON.stringify(found));
`;
