/** Secrets in every kind of failure: none is ever printed. */

import assert from "node:assert/strict";
import type { Terminal } from "../../lib/commands/command.ts";
import { connect } from "../../lib/repository/connection/connection.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { main } from "../../lib/commands/command_line.ts";
import { type TestDatabase, withDatabase } from "../support/database.ts";
import { TEST_CERT, TEST_KEY } from "../support/jetstream/certificate.ts";
import { refuses, ScriptedServer } from "../support/jetstream/server.ts";
import { type MarkedSecret, Search } from "../support/leak/search.ts";

const PASSWORD = "pa55-w@rd/of:the?db";
const STREAM_PASSWORD = "pa55%of the stream";
const TOKEN = "t0ken-of-the-doors";
const API_KEY = "k3y-of-the-archive";
const JITTER = 'jitter "s3cret" ü';

const SECRETS: readonly MarkedSecret[] = [
  { name: "database password", text: PASSWORD },
  { name: "stream password", text: STREAM_PASSWORD },
  { name: "token", text: TOKEN },
  { name: "API key", text: API_KEY },
  { name: "jitter secret", text: JITTER },
];

const COMMANDS = [
  "run",
  "migrate",
  "check",
  "check --json",
  "status",
  "status --json",
  "dead-letters list --json",
  "dead-letters show 1",
  "dead-letters retry --all",
  "help",
  "version",
];

type Environment = Readonly<Record<string, string>>;

/** Everything that the commands print in an environment. Running ones are stopped after two attempts. */
async function printed(env: Environment, commands = COMMANDS): Promise<string> {
  const lines: string[] = [];
  for (const command of commands) {
    const stop = new AbortController();
    const print = (line: string): void => {
      lines.push(`${command}: ${line}`);
      if (/"message":"[^"]*retrying".*"attempt":2\b/.test(line)) stop.abort();
    };
    const terminal: Terminal = {
      env: { HTTP_HOST: "127.0.0.1", METRICS_PORT: "1", LOG_LEVEL: "debug", ...env },
      print,
      complain: print,
      colours: false,
      stop: stop.signal,
      build: { version: "0", commit: null, embeddedDatabase: true },
    };
    const port = command === "run" ? { METRICS_PORT: "0" } : {};
    await main(command.split(" "), { ...terminal, env: { ...terminal.env, ...port } });
  }
  return lines.join("\n");
}

function assertSilent(text: string): void {
  assert.deepEqual(new Search([], SECRETS).in([{ where: "printed", text }]), []);
}

function environment(databaseUrl: string, streamUrl: string): Environment {
  return {
    DATABASE_URL: databaseUrl,
    JETSTREAM_URL: streamUrl,
    JETSTREAM_API_KEY: API_KEY,
    JETSTREAM_COMPRESS: "false",
    INTERNAL_AUTH_TOKEN: TOKEN,
    LOCATION_JITTER_SECRET: JITTER,
    RECONNECT_BASE_MS: "1",
    RECONNECT_MAX_MS: "50",
    RECONNECT_ALERT_ATTEMPTS: "1",
  };
}

/** The address of a database with another password than it has. */
function wrongPassword({ url }: TestDatabase, query = ""): string {
  const wrong = new URL(url + query);
  wrong.password = encodeURIComponent(PASSWORD);
  return wrong.href;
}

function withCredentials(url: string): string {
  const known = new URL(url);
  Object.assign(known, { username: "reader", password: encodeURIComponent(STREAM_PASSWORD) });
  return known.href;
}

/** A port on which nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("a wrong password, a server without TLS and a refusing stream are reported without secrets", async () => {
  await using server = new ScriptedServer([
    (peer) => refuses(401, "Unauthorized", `${peer.request.headers.get("authorization")}`)(peer),
  ]);
  const stream = withCredentials(server.url());
  await withDatabase("embedded", async (database) => {
    const text = await printed(environment(wrongPassword(database), stream));
    assert.match(text, /check: .*wrong user or password/);
    assert.match(text, /check: .*401/);
    assertSilent(text);
    for (const mode of ["require", "verify-full"]) {
      const strict = environment(wrongPassword(database, `?sslmode=${mode}`), stream);
      assertSilent(await printed(strict, ["run", "migrate", "check"]));
    }
  }, { content: "empty" });
});

Deno.test("hosts that can't be reached, or show a wrong certificate, are reported without secrets", async () => {
  await using server = new ScriptedServer([refuses(503, "No")], {
    tls: { cert: TEST_CERT, key: TEST_KEY },
  });
  const password = encodeURIComponent(PASSWORD);
  const [unreachable, unknown] = [
    `postgres://indexer:${password}@127.0.0.1:${closedPort()}/db?connect_timeout=1`,
    `postgres://indexer:${password}@no-such-host.invalid/db?connect_timeout=1`,
  ];
  for (const database of [unreachable, unknown]) {
    const text = await printed(environment(database, withCredentials(server.url())));
    assert.match(text, /check: .*FAIL/);
    assertSilent(text);
  }
});

Deno.test("invalid settings are reported without their values", async () => {
  const pasted = `postgres://indexer:${encodeURIComponent(PASSWORD)}@h1:5432,h2:5433/db`;
  for (const text of [pasted, JITTER, TOKEN, API_KEY, PASSWORD, `wss://u:${TOKEN}@h/nowhere`]) {
    const wrong = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, text]));
    // It may look like any setting, and is found where it is one.
    const output = await printed({ ...wrong, LOCATION_JITTER_SECRET: text }, [
      "check",
      "check --json",
      "run",
    ]);
    assert.match(output, /cannot use/);
    assertSilent(output);
  }
});

Deno.test("an error of the driver carries no password, whatever is printed of it", async () => {
  await withDatabase("embedded", async (database) => {
    const sql = connect(wrongPassword(database), { max: 1, applicationName: "tests" });
    const error = await sql`select 1`.then(() => null, (error: unknown) => error);
    await sql.end();
    assert.ok(error instanceof Error);
    assertSilent(Deno.inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error));
  });
});

Deno.test("an uncaught error is printed in one line, without its other properties", async () => {
  for (const how of ["thrown", "rejected"]) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        new URL("../support/permissions/uncaught.ts", import.meta.url).href,
        how,
        TOKEN,
      ],
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(code, 1);
    assert.equal(text, "jetstream-indexer: unexpected: cannot reach postgres://h/db\n");
  }
});
