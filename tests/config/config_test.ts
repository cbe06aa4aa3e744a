import assert from "node:assert/strict";
import { ConfigError, type EnvironmentVariables, readConfig } from "../../lib/config.ts";
import { secretsOf } from "../../lib/config/secrets.ts";
import { AUTHORITY } from "../support/certificates.ts";
import type { Setting } from "../../lib/config/setting.ts";
import { SETTINGS } from "../../lib/config/settings.ts";

const DATABASE_URL = "postgres://indexer:p%40ss-word@db.example:5432/subcult?sslmode=verify-full";
const PRODUCTION = { DATABASE_URL, LOCATION_JITTER_SECRET: "0123456789abcdef0123456789abcdef" };

function problemsOf(env: EnvironmentVariables): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    assert(error instanceof ConfigError);
    assert.equal(error.message, error.problems.map(({ message }) => message).join("\n"));
    for (const { setting, message } of error.problems) assert(message.includes(setting));
    return error.problems.map(({ setting }) => setting);
  }
  return [];
}

Deno.test("variables of libpq are named as not read, without their value", () => {
  const { notices } = readConfig({
    ...PRODUCTION,
    PGPASSWORD: "hidden",
    PGSSLMODE: "require",
    PGX: "1",
  });
  const named = notices.filter((notice) => notice.startsWith("PG"));
  assert.deepEqual(named.map((notice) => notice.split(" ")[0]), ["PGPASSWORD", "PGSSLMODE"]);
  assert.equal(notices.join().includes("hidden"), false);
});

Deno.test("CF-02 with only the required settings every other one has its default", () => {
  const { database, jitterSecret, ...config } = readConfig(PRODUCTION);
  const { dictionaryUrl, ...jetstream } = config.jetstream;
  assert.match(dictionaryUrl, /^https:\/\/.*\/legacy_subscribe\.zdict$/);
  assert.equal(database.kind === "postgres" && database.url.reveal(), DATABASE_URL);
  assert.equal(jitterSecret.reveal(), PRODUCTION.LOCATION_JITTER_SECRET);
  assert.deepEqual({ ...config, jetstream }, {
    environment: "production",
    databaseRootCertificates: null,
    databasePrepare: true,
    jetstream: {
      urls: ["wss://jetstream1.us-east.bsky.network/subscribe"],
      apiKey: null,
      compress: true,
      wantedCollections: ["app.subcult.*"],
      wantedDids: [],
      startFrom: { kind: "live" },
      readIdleTimeoutMs: 90_000,
      streamQuietMs: 300_000,
      rootCertificates: [],
    },
    consumerName: "default",
    http: { host: "0.0.0.0", port: 9090, token: null, allowedHosts: ["0.0.0.0"] },
    batch: { maxEvents: 1000, maxBytes: 16 * 1024 * 1024, maxWaitMs: null },
    queue: {
      pauseAt: 1000,
      resumeAt: 100,
      max: 2000,
      maxBytes: 64 * 2 ** 20,
      pauseAlertMs: 30_000,
    },
    reconcile: {
      enabled: true,
      plcUrl: "https://plc.directory",
      relayUrl: "https://relay1.us-east.bsky.network",
      atOnce: 4,
      everyDays: 0,
      deletionDays: 7,
      maxBytes: 32 * 2 ** 20,
      timeoutMs: 60_000,
      rootCertificates: [],
      allowPrivate: false,
    },
    reconnect: { baseMs: 100, maxMs: 30_000, alertAttempts: 10, maxAttempts: 0 },
    leaseMs: 8000,
    partitions: 1,
    logLevel: "info",
    notices: ["INTERNAL_AUTH_TOKEN is unset: metrics and the status page are open to all"],
  });
});

Deno.test("CF-02 a configured stream URL is used, with defaults for the rest", () => {
  const { jetstream, reconnect } = readConfig({
    ...PRODUCTION,
    JETSTREAM_URL: "ws://localhost:6008/subscribe, wss://other.example/proxy/subscribe",
  });
  assert.deepEqual(jetstream.urls, [
    "ws://localhost:6008/subscribe",
    "wss://other.example/proxy/subscribe",
  ]);
  assert.equal(reconnect.baseMs, 100);
});

// The seed's jitter factor has no successor: full jitter has nothing to set.
const VALIDATE: readonly (readonly [string, EnvironmentVariables, readonly string[]])[] = [
  ["the defaults", {}, []],
  ["own values", { RECONNECT_BASE_MS: "200", RECONNECT_MAX_MS: "1000" }, []],
  ["an empty address counts as unset", { JETSTREAM_URL: "" }, []],
  ["a list of nothing", { JETSTREAM_URL: "," }, ["JETSTREAM_URL"]],
  ["base zero", { RECONNECT_BASE_MS: "0" }, ["RECONNECT_BASE_MS"]],
  ["base negative", { RECONNECT_BASE_MS: "-1" }, ["RECONNECT_BASE_MS"]],
  ["maximum below base", { RECONNECT_MAX_MS: "99" }, ["RECONNECT_BASE_MS"]],
  ["maximum equal to base", { RECONNECT_MAX_MS: "100" }, []],
  ["no limit of attempts", { RECONNECT_MAX_ATTEMPTS: "0" }, []],
  ["attempts below zero", { RECONNECT_MAX_ATTEMPTS: "-1" }, ["RECONNECT_MAX_ATTEMPTS"]],
];
for (const [name, env, expected] of VALIDATE) {
  Deno.test(`CF-01 reconnection settings: ${name}`, () => {
    assert.deepEqual(problemsOf({ ...PRODUCTION, ...env }), expected);
  });
}

Deno.test("CL-01 CL-02 a valid configuration is accepted, and an empty or zero one rejected", () => {
  assert.deepEqual(problemsOf(PRODUCTION), []);
  assert.deepEqual(problemsOf({ ...PRODUCTION, JETSTREAM_URL: ",", RECONNECT_BASE_MS: "0" }), [
    "JETSTREAM_URL",
    "RECONNECT_BASE_MS",
  ]);
});

Deno.test("the pause limit may equal the size of the queue, and the resume limit must be lower", () => {
  const of = (resume: string, pause: string, max: string): readonly string[] =>
    problemsOf({
      ...PRODUCTION,
      QUEUE_RESUME_AT: resume,
      QUEUE_PAUSE_AT: pause,
      QUEUE_MAX: max,
    });
  assert.deepEqual(of("99", "100", "100"), []);
  assert.deepEqual(of("99", "100", "99"), ["QUEUE_PAUSE_AT"]);
  assert.deepEqual(of("100", "100", "100"), ["QUEUE_RESUME_AT"]);
});

Deno.test("a proxy is reported as not used, whichever of its names is set", () => {
  for (const name of ["HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
    const { notices } = readConfig({ ...PRODUCTION, [name]: "http://proxy.example:3128" });
    assert.ok(notices.some((notice) => notice.startsWith(`${name}: no proxy is used`)), name);
  }
});

Deno.test("the accounts of all three variables are wanted, each once", () => {
  const [one, two, three] = ["did:plc:one", "did:plc:two", "did:plc:three"];
  const { jetstream } = readConfig({
    ...PRODUCTION,
    WANTED_DIDS: one,
    WANTED_DIDS_2: `${two},${one}`,
    WANTED_DIDS_3: three,
  });
  assert.deepEqual(jetstream.wantedDids, [one, two, three]);
});

Deno.test("a secret of fifteen characters is reported as short, one of sixteen is not", () => {
  const noticed = (length: number): number =>
    readConfig({
      ...PRODUCTION,
      LOCATION_JITTER_SECRET: "x".repeat(length),
      INTERNAL_AUTH_TOKEN: "x".repeat(length),
    }).notices.filter((notice) => notice.includes("is short")).length;
  assert.deepEqual([noticed(15), noticed(16)], [2, 0]);
});

Deno.test("credentials in a URL are known as written, decoded, and as HTTP sends them", () => {
  const secrets = secretsOf(readConfig({
    ...PRODUCTION,
    JETSTREAM_URL:
      "wss://reader:pass@one.example/subscribe?apiKey=one,wss://two.example/subscribe?AccessToken=two",
  }));
  for (const known of ["pass", "reader:pass", "one", "two", "indexer:p@ss-word"]) {
    assert(secrets.includes(known), known);
  }
});

Deno.test("a batch has at most 16 MiB, and no more than the queue", () => {
  const most = (QUEUE_MAX_BYTES: string): number =>
    readConfig({ ...PRODUCTION, QUEUE_MAX_BYTES }).batch.maxBytes;
  assert.deepEqual([most("64MiB"), most("16MiB"), most("1MiB")], [2 ** 24, 2 ** 24, 2 ** 20]);
});

Deno.test("all problems are reported at once: of one setting, between settings, and of unknown names", () => {
  assert.deepEqual(
    problemsOf({
      METRICS_PORT: "high",
      LOG_LEVEL: "loud",
      QUEUE_RESUME_AT: "1000",
      QUEUE_MAX: "999",
      QUEUE_MAX_BYTE: "1",
    }),
    [
      "METRICS_PORT",
      "LOG_LEVEL",
      "QUEUE_RESUME_AT",
      "QUEUE_PAUSE_AT",
      "DATABASE_URL",
      "LOCATION_JITTER_SECRET",
      "QUEUE_MAX_BYTE",
    ],
  );
});

Deno.test("production needs a database and a jitter secret, development neither", () => {
  assert.deepEqual(problemsOf({}), ["DATABASE_URL", "LOCATION_JITTER_SECRET"]);
  const config = readConfig({ SUBCULT_ENV: "development" });
  assert.deepEqual(config.database, { kind: "embedded" });
  assert.match(config.notices.join(), /LOCATION_JITTER_SECRET is unset.*public/);
});

Deno.test("the development key is the same at each start, so display points don't move", () => {
  const first = readConfig({ SUBCULT_ENV: "development" });
  const second = readConfig({ SUBCULT_ENV: "development" });
  assert.equal(first.jitterSecret.reveal(), second.jitterSecret.reveal());
});

Deno.test("memory: selects the embedded database in production too, with a notice", () => {
  const { database, notices } = readConfig({ ...PRODUCTION, DATABASE_URL: "memory:" });
  assert.deepEqual(database, { kind: "embedded" });
  assert.match(notices.join(), /DATABASE_URL is memory/);
});

Deno.test("an empty setting counts as unset", () => {
  const empty = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, ""]));
  assert.deepEqual(readConfig({ ...empty, ...PRODUCTION }), readConfig(PRODUCTION));
  assert.deepEqual(problemsOf({ ...PRODUCTION, QUEUE_TYPO: " " }), []);
});

Deno.test("an unknown name with one of our prefixes is an error that suggests the nearest setting", () => {
  const mistyped = {
    JETSTREAM_URLS: "JETSTREAM_URL",
    JETSTREAM_HOST: "JETSTREAM_URL",
    QUEUE_MAX_BYTE: "QUEUE_MAX_BYTES",
    BATCH_MAX_EVENT: "BATCH_MAX_EVENTS",
    RECONNECT_MAXIMUM_ATTEMPTS: "RECONNECT_MAX_ATTEMPTS",
  };
  for (const [name, nearest] of Object.entries(mistyped)) {
    assert.throws(
      () => readConfig({ ...PRODUCTION, [name]: "1" }),
      { message: `cannot use ${name}: there is no such setting; did you mean ${nearest}?` },
    );
  }
});

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  SUBCULT_ENV: ["prod", "Production"],
  DATABASE_URL: [
    "mysql://h/db",
    "postgres://user:pa#ss@h/db",
    "postgres:///db",
    "memory",
    "host=h dbname=d",
    "postgres://u:%zz@h/db",
    "postgres://h/db?sslmode=on",
    "postgres://u@h/db?sslrootcert=/etc/ca.pem",
    "postgres://u@h/db?ssl=on",
  ],
  DATABASE_ROOT_CERT: [
    "/etc/ca.pem",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----",
  ],
  JETSTREAM_URL: [
    "https://h/subscribe",
    "wss://h/",
    "wss://h/subscribe?cursor=1",
    "h/subscribe",
    "wss://h/subscribe,nonsense",
    "wss://h/subscribe?requireHello=true",
  ],
  JETSTREAM_API_KEY: ["two words", "ключ", "a\nb"],
  JETSTREAM_COMPRESS: ["yes", "1", "TRUE"],
  WANTED_COLLECTIONS: [
    "*",
    "app",
    "app.subcult",
    "app.bsky.fo*",
    "app..x",
    "app.subcult.scene.",
    "app.subcult.9scene",
    "app.subcult.scene;drop",
    Array.from({ length: 101 }, (_, index) => `app.subcult.c${index}`).join(),
  ],
  WANTED_DIDS: ["plc:x", "did:plc:", "did:PLC:x", "did:plc:a b", `did:plc:${"a".repeat(2048)}`],
  START_FROM: ["now", "-1", "1.5", "2026-01-01", "2026-01-01T00:00:00", "9007199254740993"],
  CONSUMER_NAME: ["a b", "x".repeat(65), "a\u0000"],
  METRICS_PORT: ["-1", "65536", "9090.5", "0x10", "1e3"],
  HTTP_ALLOWED_HOSTS: ["http://h", "a b", "h:1", "*.example", ","],
  HTTP_HOST: ["0.0.0", "300.1.1.1", "-host", "http://h", "a b", "h:1"],
  INTERNAL_AUTH_TOKEN: ["a b", "tökén"],
  BATCH_MAX_EVENTS: ["0", "10001"],
  BATCH_MAX_WAIT_MS: ["-1", "60001"],
  QUEUE_MAX_BYTES: ["0", "64MB", "MiB", "64 TiB", "1.5GiB", "17GiB"],
  PAUSE_ALERT_MS: ["0", "2147483648"],
  READ_IDLE_TIMEOUT_MS: ["99"],
  LOG_LEVEL: ["trace", "INFO"],
};
for (const [name, values] of Object.entries(REFUSED)) {
  Deno.test(`${name} rejects invalid values, and says what it accepts`, () => {
    const setting: Setting | undefined = new Map(Object.entries(SETTINGS)).get(name);
    assert(setting);
    for (const value of values) {
      assert.throws(
        () => readConfig({ ...PRODUCTION, [name]: value }),
        (error) => error instanceof ConfigError && error.message.includes(setting.accepts),
        `${name}=${value}`,
      );
    }
  });
}

Deno.test("START_FROM accepts all of its forms", () => {
  const forms = {
    live: { kind: "live" },
    archive: { kind: "archive" },
    "0": { kind: "cursor", cursor: 0 },
    "1725911162329308": { kind: "cursor", cursor: 1725911162329308 },
    "2026-01-02T03:04:05Z": { kind: "time", timeUs: 1767323045000000 },
    "2026-01-02T04:04:05.250+01:00": { kind: "time", timeUs: 1767323045250000 },
  };
  const JETSTREAM_URL = "wss://host.example/xrpc/network.bsky.jetstream.subscribeEvents";
  for (const [START_FROM, expected] of Object.entries(forms)) {
    const { jetstream } = readConfig({ ...PRODUCTION, JETSTREAM_URL, START_FROM });
    assert.deepEqual(jetstream.startFrom, expected);
  }
});

Deno.test("START_FROM=archive needs a server that has one", () => {
  assert.throws(
    () => readConfig({ ...PRODUCTION, START_FROM: "archive" }),
    /cannot use START_FROM/,
  );
});

Deno.test("empty and repeated parts of lists are dropped, and byte sizes may have units", () => {
  const { jetstream, queue } = readConfig({
    ...PRODUCTION,
    WANTED_COLLECTIONS: " app.subcult.scene,app.subcult.scene , app.bsky.feed.* ,",
    WANTED_DIDS: "did:plc:abc,did:web:example.com%3A8080",
    QUEUE_MAX_BYTES: "1 GiB",
  });
  assert.deepEqual(jetstream.wantedCollections, ["app.subcult.scene", "app.bsky.feed.*"]);
  assert.deepEqual(jetstream.wantedDids, ["did:plc:abc", "did:web:example.com%3A8080"]);
  assert.equal(queue.maxBytes, 2 ** 30);
});

Deno.test("HTTP_HOST accepts IPv4 and IPv6 addresses, and names", () => {
  for (const HTTP_HOST of ["127.0.0.1", "::", "::1", "localhost", "indexer.internal"]) {
    assert.equal(readConfig({ ...PRODUCTION, HTTP_HOST }).http.host, HTTP_HOST);
  }
});

Deno.test("no message shows a secret, also when it was pasted into another setting", () => {
  const secret = "s3cr3t-value";
  const env = {
    DATABASE_URL: `postgres://u:${secret}@@h:port/db`,
    JETSTREAM_API_KEY: `${secret} `,
    INTERNAL_AUTH_TOKEN: secret,
    LOCATION_JITTER_SECRET: "",
    JETSTREAM_URL: `https://u:${secret}@h/`,
    QUEUE_MAX: secret,
    LOG_LEVEL: secret,
    START_FROM: `postgres://u:${secret}@h/db`,
  };
  assert.throws(() => readConfig(env), (error) => {
    assert(error instanceof ConfigError);
    assert.equal(error.problems.length, 7);
    assert.equal(JSON.stringify([error.message, error.problems]).includes(secret), false);
    return true;
  });
});

Deno.test("a wrong value that is no secret is shown, so that it can be found", () => {
  assert.throws(() => readConfig({ ...PRODUCTION, METRICS_PORT: "90 90" }), {
    message: 'cannot use METRICS_PORT: got "90 90", expected a whole number from 0 to 65535 ' +
      "(0: any free port)",
  });
});

Deno.test("a configuration can be printed, and shows no secret", () => {
  const env = {
    ...PRODUCTION,
    JETSTREAM_API_KEY: "key-key-key-key-key",
    INTERNAL_AUTH_TOKEN: "tok-tok-tok-tok-tok",
    JETSTREAM_URL: "wss://u:stream-pass@h/subscribe?api_token=query-pass",
  };
  const config = readConfig(env);
  const { jetstream, ...rest } = config;
  const printed = JSON.stringify(rest) + Deno.inspect(rest, { depth: 9 }) +
    `${config.jitterSecret}` + JSON.stringify(jetstream.apiKey);
  const secrets = secretsOf(config);
  for (const known of ["p@ss-word", "p%40ss-word", "stream-pass", "query-pass"]) {
    assert(secrets.includes(known), known);
  }
  assert(secrets.includes(env.INTERNAL_AUTH_TOKEN) && secrets.includes(env.JETSTREAM_API_KEY));
  assert(secrets.includes(env.LOCATION_JITTER_SECRET));
  for (const secret of secrets) assert.equal(printed.includes(secret), false, secret);
});

Deno.test("weak secrets and unencrypted streams are reported as notices", () => {
  const { notices } = readConfig({
    DATABASE_URL,
    LOCATION_JITTER_SECRET: "short",
    INTERNAL_AUTH_TOKEN: "short",
    JETSTREAM_URL: "ws://stream.example/subscribe",
  });
  assert.deepEqual(notices.map((notice) => notice.split(" ")[0]), [
    "LOCATION_JITTER_SECRET",
    "INTERNAL_AUTH_TOKEN",
    "JETSTREAM_URL",
  ]);
});

Deno.test("every default in the table is accepted by its own setting", () => {
  for (const [name, row] of Object.entries<Setting>(SETTINGS)) {
    if (row.default !== null) assert(row.schema.safeParse(row.default).success, name);
    assert(row.meaning.endsWith(".") && row.accepts !== "", name);
  }
});

Deno.test("a database URL that libpq accepts and this program doesn't is rejected with the reason", () => {
  const env = { ...PRODUCTION, DATABASE_URL: "postgres://u:hunter2@h/db?sslrootcert=/etc/ca.pem" };
  assert.throws(() => readConfig(env), (error) => {
    assert(error instanceof ConfigError);
    assert.match(
      error.message,
      /^cannot use DATABASE_URL: sslrootcert names a file.*DATABASE_ROOT/,
    );
    assert.doesNotMatch(error.message, /hunter2|ca\.pem/);
    return true;
  });
});

Deno.test("a database URL may have several hosts", () => {
  const env = { ...PRODUCTION, DATABASE_URL: "postgres://u@a:5432,b:5433/db" };
  assert.deepEqual(problemsOf(env), []);
});

Deno.test("a root certificate without any verification is a contradiction", () => {
  const env = { ...PRODUCTION, DATABASE_ROOT_CERT: AUTHORITY };
  assert.deepEqual(problemsOf(env), []);
  assert.equal(readConfig(env).databaseRootCertificates?.trim(), AUTHORITY.trim());
  const one = { ...env, DATABASE_ROOT_CERT: `a comment\n${AUTHORITY.replaceAll("\n", "\\n")}` };
  assert.equal(readConfig(one).databaseRootCertificates?.trim(), AUTHORITY.trim());
  for (const url of ["postgres://u@h/db", "postgres://u@h/db?sslmode=prefer", "memory:"]) {
    assert.deepEqual(problemsOf({ ...env, DATABASE_URL: url }), ["DATABASE_ROOT_CERT"]);
  }
});
