/** The text of a server's rejection is for people only. */

import assert from "node:assert/strict";
import { printable, readXrpcError } from "../../lib/client/server_message.ts";
import { Program } from "../support/crash/in_process.ts";
import { FAULTS, refusal } from "../support/jetstream/archive_server.ts";
import { archiveTest } from "../support/jetstream/history.ts";

Deno.test("a server's text becomes one line without control and invisible characters", () => {
  for (
    const [said, line] of [
      ["no such collection", "no such collection"],
      ["  two\r\nlines\u2028and\u2029more\t", "two lines and more"],
      ["\u001b[2J\u001b]0;owned\u0007red\u009b31m", "[2J ]0;owned red 31m"],
      ["\u202egnp.exe\u2066 zero\u200bwidth\ufeff", "gnp.exe zerowidth"],
      ["half \ud83d a pair", "half  a pair"],
      ["é, 日本, 🎟", "é, 日本, 🎟"],
    ] as const
  ) assert.equal(printable(said), line);
  for (const nothing of [undefined, null, 7, {}, "", "\0\n"]) assert.equal(printable(nothing), "");
});

Deno.test("a server's text is cut after a whole word", () => {
  assert.equal(printable("a".repeat(300)).length, 300);
  assert.equal(printable("a".repeat(301)), "…");
  assert.equal(printable(`${"word ".repeat(59)}k-0123456789`), `${"word ".repeat(59).trim()}…`);
  assert.equal(printable("x".repeat(1_000_000)), "…");
});

Deno.test("an error has a code only when it is named as XRPC names them", () => {
  const cases = [
    ['{"error":"CursorTooOld","message":"the floor is 88"}', "CursorTooOld", "the floor is 88"],
    ['{"error":"InvalidRequest"}', "InvalidRequest", ""],
    ['{"error":"not a\\nname","message":"x"}', null, '{"error":"not a\\nname","message":"x"}'],
    ['{"error":7}', null, '{"error":7}'],
    ["<html>\nBad Gateway</html>", null, "<html> Bad Gateway</html>"],
    ["[]", null, "[]"],
    ["null", null, "null"],
  ] as const;
  for (const [body, code, message] of cases) {
    assert.deepEqual(readXrpcError(body), { code, message });
  }
});

const KEY = "k-0123456789abcdefghijkl";

archiveTest(
  "a server that repeats the key, whole, in part or with gaps, does not get it into the log",
  { startFrom: "archive" },
  async ({ history, last, options }) => {
    const bodies = [
      `unknown key ${KEY}`,
      `unknown key ${KEY.slice(0, 8)}\u200b${KEY.slice(8)}\u001b[2J`,
      `${"x ".repeat(145)}${KEY}`,
    ];
    for (const body of bodies) {
      const answer = { status: 503, headers: {}, body: new TextEncoder().encode(body) };
      history.fail("planSnapshot", FAULTS.answers(answer));
      history.fail("planSnapshot", FAULTS.answers(refusal(500, "InternalServerError", body)));
    }
    const env = { ...options.env, JETSTREAM_API_KEY: KEY };
    await using program = new Program({ ...options, env, random: () => 0.01 });
    await program.committed(last);
    assert.equal(history.unfired, 0);
    assert.equal(program.said("cannot read the archive, retrying"), 2 * bodies.length);
    const log = JSON.stringify(program.log);
    assert.ok(!log.includes(KEY.slice(0, 8)), log);
    assert.doesNotMatch(log, /\u200b|\\u001b/);
  },
);
