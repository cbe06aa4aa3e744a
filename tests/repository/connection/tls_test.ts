import assert from "node:assert/strict";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { ConnectionError } from "../../../lib/repository/connection/connection_error.ts";
import {
  AUTHORITY,
  type Certificate,
  LOCALHOST,
  OTHER_NAME,
  STRANGER,
} from "../../support/certificates.ts";
import { told } from "../../support/command_output.ts";
import { databaseTest } from "../../support/database.ts";
import { type TlsAnswer, TlsFront } from "../../support/faults/tls_front.ts";

interface Case {
  readonly mode: string;
  readonly answer?: TlsAnswer;
  readonly certificate?: Certificate;
  readonly host?: string;
  readonly trusted?: boolean;
}

/** How a query was sent, encrypted or not; or the error. */
async function ask(databaseUrl: string, options: Case): Promise<"encrypted" | "plain" | Error> {
  const { mode, answer = "yes", certificate = LOCALHOST, host = "localhost", trusted } = options;
  await using front = new TlsFront(databaseUrl, certificate, answer);
  const url = new URL(databaseUrl);
  url.hostname = host;
  url.port = String(front.port);
  url.search = mode === "" ? "" : `?sslmode=${mode}`;
  const sql = connect(url.href, {
    max: 1,
    applicationName: "tests",
    rootCertificates: trusted ? AUTHORITY : null,
  });
  try {
    await sql`select 1`;
    return front.encrypted > 0 ? "encrypted" : "plain";
  } catch (error) {
    assert.ok(error instanceof ConnectionError);
    return error;
  } finally {
    await terminate(sql);
  }
}

async function assertRefused(url: string, options: Case, reason: RegExp): Promise<void> {
  const outcome = await ask(url, options);
  assert.ok(outcome instanceof Error, `${JSON.stringify(options)}: ${outcome}`);
  assert.match(outcome.message, reason);
}

const UNTRUSTED = /certificate|UnknownIssuer/;
const WRONG_NAME = /localhost|altnames/;

/** Deno 2.4 checks the name where only the chain was to be checked. */
const CHECKS_NAME_ALWAYS = Deno.version.deno.startsWith("2.4.");

databaseTest("disable never encrypts", async ({ url }) => {
  assert.equal(await ask(url, { mode: "disable" }), "plain");
});

databaseTest("no mode, allow and prefer encrypt if the server offers it", async ({ url }) => {
  for (const mode of ["", "allow", "prefer"]) {
    assert.equal(await ask(url, { mode }), "encrypted", mode);
    assert.equal(await ask(url, { mode, certificate: OTHER_NAME }), "encrypted", mode);
    assert.equal(await ask(url, { mode, answer: "no" }), "plain", mode);
  }
});

databaseTest("require encrypts without verifying the server, or fails", async ({ url }) => {
  assert.equal(await ask(url, { mode: "require" }), "encrypted");
  assert.equal(await ask(url, { mode: "require", certificate: OTHER_NAME }), "encrypted");
  await assertRefused(url, { mode: "require", answer: "no" }, /doesn't offer TLS/);
});

databaseTest("require with a root certificate verifies the chain, as in libpq", async (db) => {
  assert.equal(await ask(db.url, { mode: "require", trusted: true }), "encrypted");
  const stranger = { mode: "require", trusted: true, certificate: STRANGER };
  await assertRefused(db.url, stranger, UNTRUSTED);
});

databaseTest("verify-ca trusts the authority, whatever the name", async ({ url }) => {
  const mode = "verify-ca";
  assert.equal(await ask(url, { mode, trusted: true }), "encrypted");
  await assertRefused(url, { mode }, UNTRUSTED);
  await assertRefused(url, { mode, answer: "no", trusted: true }, /doesn't offer TLS/);
  const otherName = { mode, trusted: true, certificate: OTHER_NAME };
  if (CHECKS_NAME_ALWAYS) await assertRefused(url, otherName, WRONG_NAME);
  else assert.equal(await ask(url, otherName), "encrypted");
});

databaseTest("verify-full trusts the authority and the name", async ({ url }) => {
  const mode = "verify-full";
  assert.equal(await ask(url, { mode, trusted: true }), "encrypted");
  assert.equal(await ask(url, { mode, trusted: true, host: "127.0.0.1" }), "encrypted");
  await assertRefused(url, { mode }, UNTRUSTED);
  await assertRefused(url, { mode, trusted: true, certificate: OTHER_NAME }, WRONG_NAME);
  await assertRefused(url, { mode, answer: "no", trusted: true }, /doesn't offer TLS/);
});

databaseTest("unencrypted data after the server's consent to TLS is rejected", async (db) => {
  for (const mode of ["prefer", "require", "verify-full"]) {
    await assertRefused(
      db.url,
      { mode, answer: "smuggle", trusted: mode === "verify-full" },
      /data before TLS/,
    );
  }
});

databaseTest(
  "DATABASE_ROOT_CERT is what verify-full trusts, from the environment on",
  async (db) => {
    await using front = new TlsFront(db.url, LOCALHOST, "yes");
    const url = new URL(db.url);
    url.hostname = "localhost";
    url.port = String(front.port);
    url.search = "?sslmode=verify-full";
    const check = async (certificate: string): Promise<string> => {
      const { out } = await told(["check"], {
        env: {
          DATABASE_URL: url.href,
          DATABASE_ROOT_CERT: certificate,
          LOCATION_JITTER_SECRET: "a secret of the tests",
          JETSTREAM_URL: "ws://127.0.0.1:9/subscribe",
        },
      });
      return out.find((line) => line.includes("database")) ?? "";
    };
    assert.match(await check(AUTHORITY), /^ok {4}database/);
    assert.match(await check(AUTHORITY.replaceAll("\n", "\\n")), /^ok {4}database/);
    assert.match(await check(""), /^FAIL {2}database/);
    assert.ok(front.encrypted > 0);
  },
);
