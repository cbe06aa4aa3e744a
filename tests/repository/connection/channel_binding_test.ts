/** The effect of `channel_binding` and `sslnegotiation` in a URL, with a server of the test's own. */

import assert from "node:assert/strict";
import { connect, terminate } from "../../../lib/repository/connection/connection.ts";
import { LOCALHOST } from "../../support/certificates.ts";
import { PrivateCluster, serverPrograms } from "../../support/crash/private_cluster.ts";
import { databaseTest } from "../../support/database.ts";
import { TlsFront } from "../../support/faults/tls_front.ts";
import { onConnection } from "../../support/on_connection.ts";
import { until } from "../../support/within.ts";

const programs = serverPrograms();
const ROLE = "app";
const PASSWORD = "a-password-of-the-tests";

/** Deno 2.4 doesn't tell the certificate of a server. */
const SHOWS_CERTIFICATE = !Deno.version.deno.startsWith("2.4.");

/** Whether a login went over TLS; or why there was none. */
async function login(url: string): Promise<boolean | string> {
  const sql = connect(url, { max: 1, applicationName: "tests" });
  try {
    const [row] = await sql<{ ssl: boolean }[]>`
      select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    return row?.ssl ?? "no row";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    terminate(sql);
  }
}

function urlOf(base: string, user: string, port: string | number, search: string): string {
  const url = new URL(base);
  url.hostname = "localhost";
  url.port = String(port);
  url.username = user;
  if (user === ROLE) url.password = PASSWORD;
  url.search = search;
  return url.href;
}

Deno.test({
  name:
    "channel_binding=require lets in where the login is bound to the server's certificate, and nowhere else",
  ignore: programs === null,
  fn: async () => {
    await using cluster = await PrivateCluster.create(programs!);
    await onConnection(
      cluster.url,
      (sql) => sql.command(`create role ${ROLE} login password '${PASSWORD}'`),
    );
    await cluster.offerTls(LOCALHOST, ROLE);
    const { port } = new URL(cluster.url);
    const at = (user: string, search: string): Promise<boolean | string> =>
      login(urlOf(cluster.url, user, port, search));
    // The server reads its configuration again when it comes to it.
    const offersTls = async (): Promise<boolean> => await at(ROLE, "?sslmode=require") === true;
    await until(offersTls, "the server offers TLS");
    const bound = await at(ROLE, "?sslmode=require&channel_binding=require");
    if (SHOWS_CERTIFICATE) assert.equal(bound, true);
    else assert.match(String(bound), /this runtime shows no certificate/);
    assert.equal(await at(ROLE, "?sslmode=disable"), false);
    assert.match(
      String(await at(ROLE, "?sslmode=disable&channel_binding=require")),
      /channel_binding=require/,
    );
    assert.match(
      String(await at("postgres", "?sslmode=require&channel_binding=require")),
      /cannot satisfy channel_binding=require: the server asks for no login/,
    );
    // An attacker in between has another certificate than the server of the password.
    await using between = new TlsFront(urlOf(cluster.url, ROLE, port, ""), LOCALHOST);
    assert.match(
      String(
        await login(
          urlOf(cluster.url, ROLE, between.port, "?sslmode=require&channel_binding=require"),
        ),
      ),
      /cannot satisfy channel_binding=require: the server offers none/,
    );
    assert.equal(
      await login(urlOf(cluster.url, ROLE, between.port, "?sslmode=require")),
      false,
    );
  },
});

databaseTest("sslnegotiation=direct begins with TLS, and names the protocol", async ({ url }) => {
  await using front = new TlsFront(url, LOCALHOST);
  const sql = connect(
    Object.assign(new URL(url), {
      hostname: "localhost",
      port: String(front.port),
      search: "?sslmode=require&sslnegotiation=direct",
    }).href,
    { max: 1, applicationName: "tests" },
  );
  try {
    const [row] = await sql<{ one: number }[]>`select 1 as one`;
    assert.equal(row?.one, 1);
    assert.deepEqual([front.direct, front.encrypted, front.plain], [1, 1, 0]);
  } finally {
    terminate(sql);
  }
});
