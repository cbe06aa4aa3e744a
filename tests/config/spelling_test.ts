/** Misspelt settings are found, and names of other programs are ignored. */

import assert from "node:assert/strict";
import { ConfigError, readConfig } from "../../lib/config.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { USUAL_NAMES } from "../support/usual_environment.ts";
import { seededRandom } from "../support/seeded_random.ts";

const PRODUCTION = {
  DATABASE_URL: "postgres://indexer@db.example/subcults",
  LOCATION_JITTER_SECRET: "0123456789abcdef0123456789abcdef",
};

/** Rejected names, each with the suggested setting. */
function refused(env: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  try {
    readConfig({ ...PRODUCTION, ...env });
    return [];
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.problems.map(({ setting, message }) => [
      setting,
      /did you mean ([A-Z_]+)\?$/.exec(message)?.[1] ?? message,
    ]);
  }
}

Deno.test("a misspelt setting is rejected with a suggestion", () => {
  const misspelt = {
    JETSTREM_URL: "JETSTREAM_URL",
    JESTREAM_URL: "JETSTREAM_URL",
    WANTED_COLLECTION: "WANTED_COLLECTIONS",
    COLLECTIONS_WANTED: "WANTED_COLLECTIONS",
    WANTED_DID: "WANTED_DIDS",
    STARTFROM: "START_FROM",
    "START-FROM": "START_FROM",
    START_FORM: "START_FROM",
    DATABSE_URL: "DATABASE_URL",
    database_url: "DATABASE_URL",
    "DATABASE_URL ": "DATABASE_URL",
    SUBCULTS_ENV: "SUBCULT_ENV",
    CONSUMERNAME: "CONSUMER_NAME",
    METRIC_PORT: "METRICS_PORT",
    LOG_LEVL: "LOG_LEVEL",
    LOCATION_JITER_SECRET: "LOCATION_JITTER_SECRET",
    INTERNAL_AUTH_TOKE: "INTERNAL_AUTH_TOKEN",
    READ_IDLE_TIMEOUT: "READ_IDLE_TIMEOUT_MS",
  };
  for (const [name, meant] of Object.entries(misspelt)) {
    assert.deepEqual(refused({ [name]: "1" }), [[name, meant]]);
  }
});

const SEED = 23;

Deno.test(`any setting with one letter lost, doubled, changed or swapped is refused (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const below = (count: number): number => Math.floor(random() * count);
  for (const name of Object.keys(SETTINGS)) {
    for (let round = 0; round < 20; round++) {
      const at = below(name.length - 1);
      const changes = [
        name.slice(0, at) + name.slice(at + 1),
        name.slice(0, at) + name.slice(at, at + 1) + name.slice(at),
        `${name.slice(0, at)}X${name.slice(at + 1)}`,
        name.slice(0, at) + name.slice(at + 1, at + 2) + name.slice(at, at + 1) +
        name.slice(at + 2),
      ];
      const changed = changes[below(changes.length)] ?? "";
      if (Object.hasOwn(SETTINGS, changed)) continue;
      assert.deepEqual(refused({ [changed]: "1" }).map(([found]) => found), [changed]);
    }
  }
});

Deno.test("names that systems, tools and orchestrators set are ignored", () => {
  assert.ok(USUAL_NAMES.length > 300);
  for (const name of USUAL_NAMES) {
    if (!Object.hasOwn(SETTINGS, name)) assert.deepEqual(refused({ [name]: "1" }), [], name);
  }
});

Deno.test("service links with one of our prefixes are ignored", () => {
  const links = ["JETSTREAM", "QUEUE", "BATCH", "METRICS", "DATABASE"].flatMap((service) => [
    `${service}_SERVICE_HOST`,
    `${service}_SERVICE_PORT`,
    `${service}_SERVICE_PORT_HTTP`,
    `${service}_PORT_6008_TCP`,
    `${service}_PORT_6008_TCP_ADDR`,
  ]);
  for (const name of links) assert.deepEqual(refused({ [name]: "10.0.0.1" }), [], name);
  assert.deepEqual(refused({ JETSTREAM_PORT: "tcp://10.0.0.1:6008" }), []);
  assert.deepEqual(refused({ JETSTREAM_PORT: "6008" }), [["JETSTREAM_PORT", "JETSTREAM_URL"]]);
});

Deno.test("the error about an incomplete stream URL says what is missing", () => {
  const wrong = {
    "wss://host": /^cannot use JETSTREAM_URL: got no path, expected/,
    "wss://host:443/": /got no path/,
    "wss://a/subscribe,wss://b": /number 2 of the list: got no path/,
    "wss://host/subscribe/": /none of the three: it ends in a slash/,
    "https://host/subscribe": /got the scheme https:\/\//,
    "host/subscribe": /not a URL/,
    "wss://u:%zz@host/subscribe": /user or password is not percent-encoded/,
    "wss://host/subscribe?cursor=7": /query parameter cursor/,
  };
  const paths = [
    "/subscribe",
    "/xrpc/network.bsky.jetstream.subscribeEvents",
    "/xrpc/com.atproto.sync.subscribeRepos",
  ];
  for (const [JETSTREAM_URL, why] of Object.entries(wrong)) {
    const [[setting = "", message = ""] = []] = refused({ JETSTREAM_URL });
    assert.equal(setting, "JETSTREAM_URL");
    assert.match(message, why);
    for (const path of paths) assert.ok(message.includes(path), `${path} in ${message}`);
  }
});
