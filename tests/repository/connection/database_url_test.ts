import assert from "node:assert/strict";
import {
  type DatabaseUrl,
  DatabaseUrlError,
  parseDatabaseUrl,
} from "../../../lib/repository/connection/database_url.ts";

function parsed(text: string): Omit<DatabaseUrl, "password"> & { readonly password: string } {
  const url = parseDatabaseUrl(text);
  return { ...url, password: url.password.reveal() };
}

Deno.test("a database URL with all parts is parsed", () => {
  assert.deepEqual(
    parsed(
      "postgresql://a%40b:p%3A%2F@db.example:6432,[2001:db8::1],10.0.0.1:1/my%20app" +
        "?sslmode=verify-full&connect_timeout=3&application_name=x%26y&options=-c%20a%3Db" +
        "&channel_binding=require&target_session_attrs=any&sslnegotiation=direct&pgbouncer=true" +
        "&connection_limit=1&keepalives=1&client_encoding=utf8",
    ),
    {
      hosts: [
        { host: "db.example", port: 6432 },
        { host: "2001:db8::1", port: 5432 },
        { host: "10.0.0.1", port: 1 },
      ],
      user: "a@b",
      password: "p:/",
      database: "my app",
      sslMode: "verify-full",
      sslDirect: true,
      channelBinding: true,
      writable: false,
      prepare: false,
      connectTimeoutMs: 3000,
      applicationName: "x&y",
      options: "-c a=b",
      ignored: ["connection_limit", "keepalives"],
    },
  );
});

Deno.test("missing parts of a database URL have libpq's defaults", () => {
  assert.deepEqual(parsed("postgres://me@db"), {
    hosts: [{ host: "db", port: 5432 }],
    user: "me",
    password: "",
    database: "me",
    sslMode: "prefer",
    sslDirect: false,
    channelBinding: false,
    writable: false,
    prepare: true,
    connectTimeoutMs: 10_000,
    applicationName: null,
    options: null,
    ignored: [],
  });
  assert.equal(parsed("postgres://me:a:b@c@db/x").password, "a:b@c");
  assert.equal(parsed("postgres://me@db/x?sslrootcert=system").sslMode, "verify-full");
});

Deno.test("an unusable database URL is rejected with the reason, and never repeated", () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["", /of the form/],
    ["mysql://me:hidden@db/x", /of the form/],
    ["postgres://db/hidden", /names no user/],
    ["postgres://:hidden@db/x", /names no user/],
    ["postgres://me:hidden@/x", /a host is missing/],
    ["postgres://me:hidden@a,,b/x", /a host is missing/],
    ["postgres://me:hidden@%2Fvar%2Frun/x", /a host is missing/],
    ["postgres://me:hidden@db:0/x", /port 0 /],
    ["postgres://me:hidden@db:65536/x", /port 65536 /],
    ["postgres://me:hidden%@db/x", /the password is not percent-encoded/],
    ["postgres://me:hidden%00@db/x", /the password has a NUL/],
    ["postgres://me:hidden@db/x?sslmode=on", /sslmode is not one of disable, allow/],
    ["postgres://me:hidden@db/x?sslmode=", /sslmode is not one of/],
    ["postgres://me:hidden@db/x?ssl=1", /ssl is not one of true, false/],
    ["postgres://me:p?hidden=1@db/x", /names no user/],
    ["postgres://me@db/x?hidden=1", /a parameter that is not known; accepted are sslmode/],
    ["postgres://me:hidden@db/x?sslnegotiation=direct", /needs sslmode=require/],
    [
      "postgres://me:hidden@db/x?schema=app",
      /the parameter schema is not supported: write options=/,
    ],
    ["postgres://me:hidden@db/x?sslcert=/c.pem", /the parameter sslcert is not supported: files/],
    ["postgres://me:hidden@db/x?service=x", /the parameter service is not supported/],
    ["postgres://me:hidden@db/x?client_encoding=LATIN1", /of client_encoding only UTF8/],
    ["postgres://me:hidden@db/x?sslmode=verify-ca&sslrootcert=/etc/ca.pem", /files can't be read/],
    ["postgres://me:hidden@db/x?sslmode=require&sslrootcert=system", /needs sslmode=verify-full/],
    ["postgres://me:hidden@db/x?connect_timeout=0", /connect_timeout is not a number/],
    ["postgres://me:hidden@db/x?channel_binding=yes", /channel_binding is not one of disable/],
    [
      "postgres://me:hidden@db/x?target_session_attrs=standby",
      /target_session_attrs is not one of any, read-write, primary/,
    ],
  ];
  for (const [text, reason] of refusals) {
    assert.throws(() => parseDatabaseUrl(text), (error) => {
      assert.ok(error instanceof DatabaseUrlError);
      assert.match(error.message, reason);
      assert.equal(Deno.inspect(error).includes("hidden"), false, text);
      return true;
    });
  }
});

Deno.test("database URLs of providers are parsed", () => {
  const given: readonly (readonly [string, Partial<DatabaseUrl>])[] = [
    [
      "postgresql://u:p@ep-a-b-pooler.eu.aws.neon.tech/db?sslmode=require&channel_binding=require",
      { sslMode: "require", channelBinding: true },
    ],
    [
      "postgres://u:p@ep-a-b.neon.tech/db?sslmode=require&options=endpoint%3Dep-a-b",
      { options: "endpoint=ep-a-b" },
    ],
    [
      "postgres://postgres.ref:p@aws-0-eu.pooler.supabase.com:6543/postgres?pgbouncer=true" +
      "&connection_limit=1&supa=base-pooler.x",
      { prepare: false, ignored: ["connection_limit", "supa"] },
    ],
    ["postgres://u:p@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d?ssl=true", { sslMode: "require" }],
    ["postgres://u:p@h:5432/d?sslmode=no-verify", { sslMode: "require" }],
    ["postgres://u:p@a.rds.amazonaws.com,b.rds.amazonaws.com/d", { writable: true }],
    ["postgres://u:p@a,b/d?target_session_attrs=any", { writable: false }],
    ["postgres://u:p@a/d?target_session_attrs=primary", { writable: true }],
    ["postgres://u:p@a/d?prepared_statements=false", { prepare: false }],
  ];
  for (const [text, expected] of given) {
    const url = parseDatabaseUrl(text);
    const found = Object.fromEntries(
      Object.entries(url).filter(([name]) => Object.hasOwn(expected, name)),
    );
    assert.deepEqual(found, expected, text);
  }
});
