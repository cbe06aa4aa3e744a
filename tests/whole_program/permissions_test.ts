/** The executable may use the network and the environment. That is enough, and nothing else is allowed. */

import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { AUTHORITY, LOCALHOST } from "../support/certificates.ts";
import { databaseTest, withDatabase } from "../support/database.ts";
import { TlsFront } from "../support/faults/tls_front.ts";
import { PERMISSIONS, Victim } from "../support/hostile/victim.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { modulesIn, repository } from "../support/repository_files.ts";

const MAIN = new URL("../../main.ts", import.meta.url).href;
const TAKEN_OVER = new URL("../support/permissions/taken_over.ts", import.meta.url).href;
const ASK = new URL("../support/permissions/ask_over_tls.ts", import.meta.url).href;
const ATTEMPTS = new URL("../support/permissions/attempts.ts", import.meta.url).href;

Deno.test("it runs with permissions for network and environment only, also with the embedded database", async () => {
  await withDatabase("embedded", async (database) => {
    await using program = await Victim.start(database, { INTERNAL_AUTH_TOKEN: "" });
    await program.suffer((peer) => peer.send("{}"));
    assert.match(await program.get("/ready"), /"ready"/);
    assert.match(await program.get("/"), /<html/);
    assert.match(await program.get("/metrics"), /^process_resident_memory_bytes [1-9]/m);
  });
});

Deno.test("with these permissions nothing else can be done", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...PERMISSIONS, ATTEMPTS, "/nowhere"],
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  assert.deepEqual(
    JSON.parse(text.decode(stdout)),
    { worked: [], otherwise: [] },
    text.decode(stderr),
  );
});

Deno.test("with these permissions a repository's server is read over TLS, and its certificate verified", async () => {
  await using server = Deno.serve(
    { ...LOCALHOST, hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("here"),
  );
  const authority = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(authority, AUTHORITY);
    const asked = async (env: Record<string, string>): Promise<string> => {
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", ...PERMISSIONS, ASK, `https://localhost:${server.addr.port}/`],
        env: { DENO_TLS_CA_STORE: "mozilla", ...env },
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    assert.equal(await asked({ DENO_CERT: authority }), "here");
    assert.match(await asked({}), /cannot read localhost:\d+: invalid peer certificate/);
  } finally {
    await Deno.remove(authority);
  }
});

databaseTest(
  "after reading its settings the process can't read the environment, and everything works",
  async ({ url }) => {
    await using front = new TlsFront(url, LOCALHOST, "yes");
    await using stream = new ReplayServer();
    const database = new URL(url);
    database.hostname = "localhost";
    database.port = String(front.port);
    database.search = "?sslmode=verify-full";
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...PERMISSIONS, `--preload=${TAKEN_OVER}`, MAIN, "check"],
      env: {
        DATABASE_URL: database.href,
        DATABASE_ROOT_CERT: AUTHORITY,
        JETSTREAM_URL: `${stream.url},${stream.v2Url}`,
        LOCATION_JITTER_SECRET: "0123456789abcdef0123456789abcdef",
      },
    }).output();
    const text = new TextDecoder();
    assert.equal(code, 0, text.decode(stdout) + text.decode(stderr));
    assert.equal(text.decode(stderr), "taken over: []\n");
    assert.ok(front.encrypted > 0);
  },
);

Deno.test("no task gives the program more permissions, except for the files of the embedded database", () => {
  const allowed = new Set(["--allow-net", "--allow-env"]);
  for (const [name, task] of Object.entries(manifest.tasks)) {
    if (!/(^| )main\.ts( |$)/.test(task) || name === "check") continue;
    const permissions = task.match(/--allow-\S+|-A(?= )|--no-prompt/g) ?? [];
    for (const permission of permissions) {
      if (permission === "--no-prompt") continue;
      if (permission === "--allow-read" && name === "start") continue;
      assert.ok(allowed.has(permission), `${name}: ${permission}`);
    }
    assert.equal(permissions.filter((permission) => allowed.has(permission)).length, 2, name);
  }
});

/** APIs for which a module would need more permissions. */
const FORBIDDEN =
  /\bDeno\.(read|write|open|stat|lstat|make|remove|rename|copy|chmod|chown|link|symlink|watchFs|Command|run|kill|dlopen|hostname|osRelease|loadavg|networkInterfaces|systemMemoryInfo)|"node:(fs|child_process|os|worker_threads|vm|inspector)|\bimport\((?!")|\beval\(|new Function\(/;

Deno.test("no module of the program reads files, runs programs or loads what is not in it", async () => {
  for (const path of await modulesIn("lib")) {
    // Its files are inside the executable.
    if (path.startsWith("lib/repository/embedded/")) continue;
    const source = await repository(path);
    const code = source.split("\n").filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line));
    const found = code.find((line) => FORBIDDEN.test(line));
    assert.equal(found, undefined, path);
  }
});
