import assert from "node:assert/strict";
import {
  type DatabaseUrl,
  DatabaseUrlError,
  parseDatabaseUrl,
} from "../lib/repository/database_url.ts";

function parsed(text: string): Omit<DatabaseUrl, "password"> & { readonly password: string } {
  const url = parseDatabaseUrl(text);
  return { ...url, password: url.password.reveal() };
}

Deno.test("an address with everything in it is read", () => {
  assert.deepEqual(
    parsed(
      "postgresql://a%40b:p%3A%2F@db.example:6432,[2001:db8::1],10.0.0.1:1/my%20app" +
        "?sslmode=verify-full&connect_timeout=3&application_name=x%26y&options=-c%20a%3Db" +
        "&channel_binding=prefer&target_session_attrs=any",
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
      connectTimeoutMs: 3000,
      applicationName: "x&y",
      options: "-c a=b",
    },
  );
});

Deno.test("what an address leaves out is as in libpq", () => {
  assert.deepEqual(parsed("postgres://me@db"), {
    hosts: [{ host: "db", port: 5432 }],
    user: "me",
    password: "",
    database: "me",
    sslMode: "prefer",
    connectTimeoutMs: 10_000,
    applicationName: null,
    options: null,
  });
  assert.equal(parsed("postgres://me:a:b@c@db/x").password, "a:b@c");
  assert.equal(parsed("postgres://me@db/x?sslrootcert=system").sslMode, "verify-full");
});

Deno.test("an address that can't be used is refused with the reason, and never repeated", () => {
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
    ["postgres://me:hidden@db/x?ssl=true", /a parameter that is not known; accepted are sslmode/],
    ["postgres://me:hidden@db/x?sslmode=verify-ca&sslrootcert=/etc/ca.pem", /files can't be read/],
    ["postgres://me:hidden@db/x?sslmode=require&sslrootcert=system", /needs sslmode=verify-full/],
    ["postgres://me:hidden@db/x?connect_timeout=0", /connect_timeout is not a number/],
    ["postgres://me:hidden@db/x?channel_binding=require", /of channel_binding only/],
    [
      "postgres://me:hidden@db/x?target_session_attrs=read-write",
      /of target_session_attrs only any/,
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
