/** No foreign text moves a terminal's cursor or changes its text direction. */

import assert from "node:assert/strict";
import { told } from "../support/command_output.ts";
import { subject } from "../support/server_subject.ts";

/** One character of each kind: control, direction, invisible, line end, half of a surrogate pair. */
const HOSTILE = [
  "\x1b[2J\x1b]0;owned\x07",
  "\x9b31m",
  "\b\r\n\t\x00\x7f\x85",
  "\u202egnp.exe\u202c",
  "\u2066x\u2069\u200e\u200f\u061c",
  "\u200b\u00ad\ufeff\u2060",
  "\u2028\u2029",
  "\ud800",
  "\u{e0041}\u{e007f}",
].join("|");

/** Printable text: only visible characters. Line ends are split off before. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

async function hostileStatus(): Promise<Record<string, unknown>> {
  const under = subject();
  const honest = await (await under.request("/api/status")).text();
  await under.close();
  return JSON.parse(honest, (_, value) => {
    if (typeof value === "string") return `${value}${HOSTILE}`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return { ...value, [HOSTILE]: 1 };
  });
}

Deno.test("status prints a process's texts in visible characters, and the JSON means the same", async () => {
  const status = await hostileStatus();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) =>
      url.endsWith("/ready")
        ? Response.json({ message: HOSTILE }, { status: 503 })
        : Response.json(status),
  );
  const env = { METRICS_PORT: String(server.addr.port) };
  const json = await told(["status", "--json"], { env });
  assert.equal(json.out.length, 1);
  assert.deepEqual(JSON.parse(json.out[0]!), status);
  const person = await told(["status"], { env });
  const ready = await told(["status", "--ready"], { env });
  for (const line of [...json.out, ...person.out, ...ready.err]) assert.doesNotMatch(line, UNSEEN);
  assert.ok(person.out.length > 8);
  await server.shutdown();
});

Deno.test("arguments and settings are repeated in visible characters", async () => {
  const printed = [
    await told([HOSTILE]),
    await told(["status", "--url", HOSTILE]),
    await told(["status", `--${HOSTILE}`]),
    await told(["dead-letters", "show", HOSTILE]),
    await told(["dead-letters", "list", "--reason", HOSTILE]),
    await told(["run"], { env: { LOG_LEVEL: HOSTILE, [`QUEUE_${HOSTILE}`]: "1" } }),
    await told(["check", "--json"], { env: { LOG_LEVEL: HOSTILE, [`QUEUE_${HOSTILE}`]: "1" } }),
  ];
  for (const { code, out, err } of printed) {
    assert.equal(code, 2);
    for (const line of [...out, ...err]) assert.doesNotMatch(line, UNSEEN);
  }
});

Deno.test("status sends its token nowhere else", async () => {
  let elsewhere = 0;
  const other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    elsewhere++;
    return Response.json({});
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.redirect(`http://127.0.0.1:${other.addr.port}/`, 307),
  );
  const env = { METRICS_PORT: String(server.addr.port), INTERNAL_AUTH_TOKEN: "t0ken" };
  const { code, err } = await told(["status"], { env });
  assert.equal(code, 1);
  assert.match(err.join(), /answered 307/);
  assert.equal(elsewhere, 0);
  await Promise.all([server.shutdown(), other.shutdown()]);
});
