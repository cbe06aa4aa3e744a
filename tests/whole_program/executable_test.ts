/**
 * The compiled executable itself. Made by `deno task compile`; without it, or without a denort for the
 * probe, these tests say that they skip.
 */

import assert from "node:assert/strict";
import { compileArguments, PERMISSIONS, type Variant } from "../../.ci/compile.ts";
import manifest from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../lib/commands/all.ts";
import type { Status } from "../../lib/server/status/status.ts";
import { databaseTest } from "../support/database.ts";
import { Running } from "../support/executable_running.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { SampleEvents } from "../support/sample_events.ts";

const EXECUTABLE = new URL("../../dist/jetstream-indexer", import.meta.url).pathname;
const EXTERNAL = `${EXECUTABLE}-external`;
const DENORT = Deno.env.get("DENORT_BIN");

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const isMade = exists(EXECUTABLE);
const isExternalMade = exists(EXTERNAL);
const skipped = isMade ? "" : " (skipped: no dist/jetstream-indexer)";

const DEVELOPMENT = { SUBCULT_ENV: "development" };

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

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" })
      .output()).success;
  } catch {
    return false;
  }
}

/** What `deno compile` wrote behind the program: what it may do, and whether it may ask for more. */
function permissionsIn(bytes: Uint8Array): readonly string[] {
  const text = new TextDecoder("latin1").decode(bytes);
  const [, found = ""] = /"permissions":(\{"allow_(?:all|env)"[^{}]*\})/.exec(text) ?? [];
  assert.notEqual(found, "", "the executable holds no permissions");
  const granted = Object.entries(JSON.parse(found) as Record<string, unknown>)
    // From where modules may be imported; that is network, and has a default.
    .filter(([name]) => name !== "allow_import")
    .filter(([, value]) => value !== null && value !== false);
  for (const [name, value] of granted) assert.deepEqual(value, [], name);
  return granted.map(([name]) => name).toSorted();
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
  for (const { name } of COMMANDS) assert.match(help.out, new RegExp(`^  ${name} `, "m"));
  // The others' help is tested without it, since it takes a second to start.
  assert.equal((await execute(EXECUTABLE, ["run", "--help"])).code, 0);
});

executableTest("a wrong configuration names every problem and ends with 2", async () => {
  const { code, err } = await execute(EXECUTABLE, ["run"], { METRICS_PORT: "none" });
  assert.equal(code, 2);
  for (const name of ["DATABASE_URL", "LOCATION_JITTER_SECRET", "METRICS_PORT"]) {
    assert.ok(err.includes(name), `${name} is not named in ${err}`);
  }
});

executableTest("migrate works on a database of its own", async () => {
  const migrated = await execute(EXECUTABLE, ["migrate"], DEVELOPMENT);
  assert.equal(migrated.code, 0, migrated.err);
  assert.match(migrated.out, /applied migrations 1, 2, 3/);
});

executableTest("check says what does not work and ends with 1", async () => {
  const env = { ...DEVELOPMENT, JETSTREAM_URL: "ws://127.0.0.1:1/subscribe" };
  const { code, out } = await execute(EXECUTABLE, ["check"], env);
  assert.equal(code, 1);
  assert.match(out, /ok {4}settings/);
  assert.match(out, /ok {4}PostGIS/);
  assert.match(out, /FAIL {2}stream 127\.0\.0\.1:1\/subscribe/);
});

executableTest("status says that nothing answers and ends with 1", async () => {
  const { code, err } = await execute(EXECUTABLE, ["status", "--ready"], { METRICS_PORT: "1" });
  assert.equal(code, 1);
  assert.match(err, /cannot reach http:\/\/127\.0\.0\.1:1/);
});

executableTest("it follows a stream, answers status and page, and ends with 0", async () => {
  await using stream = new ReplayServer();
  const events = new SampleEvents(Date.now() * 1000 - 1_000_000);
  stream.push(events.put("alice/scene/s1"));
  await using running = await Running.start(EXECUTABLE, [], stream.url);
  const env = { METRICS_PORT: String(running.port) };
  await running.until(async () => {
    const { code, out } = await execute(EXECUTABLE, ["status", "--json"], env);
    return code === 0 && (JSON.parse(out) as Status).totals.applied === 1;
  });
  assert.equal((await execute(EXECUTABLE, ["status", "--ready"], env)).out, "ready\n");
  assert.match((await execute(EXECUTABLE, ["status"], env)).out, /^health +well$/m);
  for (const [path, type] of [["/", "text/html"], ["/metrics", "text/plain"]] as const) {
    const response = await fetch(`http://127.0.0.1:${running.port}${path}`);
    assert.equal(response.status, 200);
    assert.ok(response.headers.get("content-type")?.startsWith(type));
    await response.body?.cancel();
  }
  assert.deepEqual(await running.stop(), { code: 0, signal: null });
});

/**
 * Everything is read-only, and the user may write nowhere anyway. Says so when it is not. The executable is
 * shown at a place of its own, since where it was built the user may not look.
 */
const NOWHERE_TO_WRITE = `
  mount -t tmpfs none /run && touch /run/indexer && mount --bind "$0" /run/indexer
  mount -o remount,ro /run
  mount -o remount,ro,bind /
  for directory in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o ro none $directory; done
  for directory in / /tmp /var/tmp /dev/shm /run; do
    if touch $directory/x 2> /dev/null; then echo "$directory can be written to"; exit 99; fi
  done
  exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs /run/indexer "$@"`;

/** Mounts of one's own need root. */
const canMount = isMade && Deno.uid() === 0 && await succeeds("unshare", ["-m", "true"]) &&
  await succeeds("setpriv", ["--version"]);

Deno.test({
  name: "executable: it runs with no database, no home, and no directory to write to" +
    (canMount ? "" : skipped || " (skipped: needs root, unshare and setpriv)"),
  ignore: !canMount,
  fn: async () => {
    await using stream = new ReplayServer();
    stream.push(new SampleEvents(Date.now() * 1000).put("alice/scene/s1"));
    const args = ["-m", "sh", "-c", NOWHERE_TO_WRITE, EXECUTABLE];
    await using running = await Running.start("unshare", args, stream.url);
    await running.until(async () => {
      const response = await fetch(`http://127.0.0.1:${running.port}/api/status`);
      return (await response.json() as Status).totals.applied === 1;
    });
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
  },
});

databaseTest(
  `executable: dead letters are listed, retried and discarded${skipped}`,
  async ({ sql, url }) => {
    await sql`insert into dead_letters (fingerprint, reason, detail) values ('a', 'invalid_json', 'x')`;
    const env = { DATABASE_URL: url, LOCATION_JITTER_SECRET: "a secret of the tests" };
    const run = (...words: string[]): Promise<Ended> =>
      execute(EXECUTABLE, ["dead-letters", ...words], env);
    const id = /^ *(\d+) .* {2}invalid_json {2}/m.exec((await run("list")).out)?.[1] ?? "";
    assert.match((await run("show", id)).out, /attempts 0/);
    const retried = (await run("retry", "--all")).out;
    assert.match(
      retried,
      /only an excerpt of it is kept.*\ntried 0, resolved 0; 1 could not be retried\n$/,
    );
    assert.equal((await run("discard", id)).out, "discarded 1\n");
    assert.equal((await run("list")).out, "none\n");
  },
  { ignore: !isMade },
);

executableTest("the file itself says that it may use network and environment only", async () => {
  const permissions = permissionsIn(await Deno.readFile(EXECUTABLE));
  assert.deepEqual(permissions, ["allow_env", "allow_net"]);
});

Deno.test("executables for other machines, and without the embedded database, may do nothing more", () => {
  const here: Variant = {
    target: null,
    embeddedDatabase: true,
    output: "x",
    commit: "abc1234",
    unneeded: [],
  };
  const permissions = (variant: Variant): string[] =>
    compileArguments(variant, "deno.json").filter((one) => /^--(no-prompt|allow-)/.test(one));
  for (const target of [null, "aarch64-unknown-linux-gnu"]) {
    for (const embeddedDatabase of [true, false]) {
      assert.deepEqual(permissions({ ...here, target, embeddedDatabase }), [...PERMISSIONS]);
    }
  }
});

Deno.test({
  name:
    "executable: the embedded database is packed: it adds less than a fifth. Without it, it says what it needs" +
    (isExternalMade ? "" : " (skipped: no dist/jetstream-indexer-external)"),
  ignore: !(isMade && isExternalMade),
  fn: async () => {
    const [all, external] = [(await Deno.stat(EXECUTABLE)).size, (await Deno.stat(EXTERNAL)).size];
    assert.ok(all > external && all < external * 1.2, `${external} of ${all} bytes`);
    assert.deepEqual(permissionsIn(await Deno.readFile(EXTERNAL)), ["allow_env", "allow_net"]);
    const { code, err } = await execute(EXTERNAL, ["migrate"], DEVELOPMENT);
    assert.equal(code, 2);
    assert.match(
      err,
      /DATABASE_URL: this executable contains no embedded database, expected postgres/,
    );
  },
});

databaseTest(
  `executable: without the embedded database it migrates another one${
    isExternalMade ? "" : " (skipped: no dist/jetstream-indexer-external)"
  }`,
  async ({ url }) => {
    const env = { DATABASE_URL: url, LOCATION_JITTER_SECRET: "a secret of the tests" };
    const { code, out, err } = await execute(EXTERNAL, ["migrate"], env);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    assert.match(out, /applied migrations 1, 2, 3|nothing to apply/);
  },
  { ignore: !isExternalMade },
);

const canProbe = Boolean(DENORT);

Deno.test({
  name: "executable: its permissions are network and environment, and nothing else" +
    (canProbe ? "" : " (skipped: DENORT_BIN is not set)"),
  ignore: !canProbe,
  fn: async () => {
    // The permissions of the executable, around a program that tries everything.
    assert.deepEqual([...PERMISSIONS], ["--no-prompt", "--allow-net", "--allow-env"]);
    const directory = await Deno.makeTempDir();
    try {
      const probe = `${directory}/probe`;
      await Deno.writeTextFile(`${probe}.ts`, PROBE);
      const args = [
        "compile",
        "--no-check",
        "--no-config",
        ...PERMISSIONS,
        "--output",
        probe,
        `${probe}.ts`,
      ];
      const compiled = await new Deno.Command(Deno.execPath(), { args, stderr: "piped" }).output();
      assert.ok(compiled.success, new TextDecoder().decode(compiled.stderr));
      const { out } = await execute(probe, []);
      assert.deepEqual(permissionsIn(await Deno.readFile(probe)), ["allow_env", "allow_net"]);
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
