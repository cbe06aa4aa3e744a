// deno-lint-ignore-file explicit-function-return-type
/**
 * A small real network, for Node: the reference directory of did:plc, in memory, and two personal data
 * servers. `node network.mjs DIRECTORY`, where the packages are installed in DIRECTORY. Prints where they
 * are as one line of JSON, and ends when its standard input does.
 */

import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

process.env.LOG_ENABLED = "false";
const require = createRequire(join(process.argv[2], "packages.js"));
const { PlcServer, Database } = require("@did-plc/server");
const { PDS, envToCfg, envToSecrets, readEnv } = require("@atproto/pds");

/** The servers' configuration wants to know its port beforehand. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const hex = (bytes) => randomBytes(bytes).toString("hex");

async function startPds(directory, didPlcUrl) {
  await mkdir(directory);
  const port = await freePort();
  const env = {
    ...readEnv(),
    port,
    hostname: "localhost",
    devMode: true,
    dataDirectory: directory,
    blobstoreDiskLocation: join(directory, "blobs"),
    didPlcUrl,
    serviceHandleDomains: [".test"],
    inviteRequired: false,
    rateLimitsEnabled: false,
    disableSsrfProtection: true,
    crawlers: [],
    // Nobody is there, and nothing is asked of them.
    bskyAppViewUrl: "http://127.0.0.1:1",
    bskyAppViewDid: "did:example:invalid",
    adminPassword: "admin",
    jwtSecret: hex(16),
    dpopSecret: hex(32),
    plcRotationKeyK256PrivateKeyHex: hex(32),
  };
  const pds = await PDS.create(envToCfg(env), envToSecrets(env));
  await pds.start();
  return { pds, url: `http://localhost:${port}` };
}

const root = await mkdtemp(join(tmpdir(), "network-"));
const plc = PlcServer.create({ db: Database.mock(), port: 0 });
const listening = await plc.start();
const plcUrl = `http://127.0.0.1:${listening.address().port}`;
const servers = [];
for (const name of ["one", "two"]) servers.push(await startPds(join(root, name), plcUrl));
process.stdout.write(`${JSON.stringify({ plcUrl, pds: servers.map(({ url }) => url) })}\n`);

process.stdin.resume();
process.stdin.on("end", async () => {
  await rm(root, { recursive: true, force: true });
  process.exit(0);
});
