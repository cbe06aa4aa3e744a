import assert from "node:assert/strict";
import manifest from "../deno.json" with { type: "json" };
import { COMMANDS } from "../lib/commands/all.ts";
import { SETTINGS } from "../lib/config/settings.ts";
import { told } from "./command_told.ts";

Deno.test("version says version and commit", async () => {
  for (const word of ["version", "--version"]) {
    const { code, out, err } = await told([word], { commit: "abc1234" });
    assert.deepEqual([code, err], [0, []]);
    assert.deepEqual(out, [`jetstream-indexer ${manifest.version} (abc1234)`]);
  }
  assert.deepEqual((await told(["version"])).out, [`jetstream-indexer ${manifest.version}`]);
});

Deno.test("help names every command, every setting and the exit codes", async () => {
  for (const word of ["help", "--help", "-h"]) {
    const { code, out } = await told([word]);
    assert.equal(code, 0);
    const text = out.join("\n");
    for (const { name, summary } of COMMANDS) {
      assert.ok(text.includes(`  ${name.padEnd(12)}  ${summary}`), name);
    }
    for (const [name, { meaning }] of Object.entries(SETTINGS)) {
      assert.ok(text.includes(`  ${name}`) && text.includes(meaning), name);
    }
    assert.match(text, /0 done; 1 failed; 2 wrong usage/);
  }
});

Deno.test("every command has help, whatever else is asked", async () => {
  for (const { name } of COMMANDS) {
    for (const words of [[name, "--help"], [name, "-h"], [name, "--bogus", "--help"]]) {
      const { code, out, err } = await told(words);
      assert.deepEqual([code, err], [0, []], words.join(" "));
      assert.match(out[0] ?? "", new RegExp(`^usage: jetstream-indexer \\[?${name}`));
    }
  }
});

Deno.test("wrong usage ends with 2 and says what is wrong, before anything is done", async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["frobnicate"], /there is no command "frobnicate"/],
    [["--bogus"], /--bogus/],
    [["run", "--bogus"], /--bogus/],
    [["run", "twice"], /twice/],
    [["migrate", "now"], /now/],
    [["version", "1"], /1/],
    [["help", "me"], /me/],
    [["status", "--bogus"], /--bogus/],
    [["status", "--url", "nowhere"], /cannot use --url nowhere: expected/],
    [["check", "everything"], /everything/],
    [["dead-letters"], /expected one of: list, show, retry, discard/],
    [["dead-letters", "burn"], /expected one of/],
    [["dead-letters", "list", "all"], /all/],
    [["dead-letters", "list", "--limit", "0"], /--limit/],
    [["dead-letters", "list", "--reason", "nonsense"], /there is no reason "nonsense"/],
    [["dead-letters", "show"], /show takes one id/],
    [["dead-letters", "show", "1", "2"], /show takes one id/],
    [["dead-letters", "show", "one"], /cannot use "one" as an id/],
    [["dead-letters", "retry"], /retry takes ids, or --reason, or --all/],
    [["dead-letters", "retry", "1", "--all"], /retry takes ids/],
    [["dead-letters", "retry", "--reason", "nonsense"], /there is no reason/],
    [["dead-letters", "retry", "1", "--did", "did:plc:x"], /retry takes ids/],
    [["dead-letters", "list", "--did", "alice"], /cannot use "alice" as --did: expected a DID/],
    [
      ["dead-letters", "list", "--older-than", "7w"],
      /cannot use "7w" as --older-than: expected an age/,
    ],
    [["dead-letters", "discard", "--collection", "a b"], /cannot use "a b" as --collection/],
    [["dead-letters", "discard"], /discard takes ids/],
  ];
  for (const [words, expected] of wrong) {
    // Nothing listens there: who connects fails with 1.
    const env = { DATABASE_URL: "postgres://nobody@127.0.0.1:9/none", LOCATION_JITTER_SECRET: "x" };
    const { code, out, err } = await told(words, { env });
    assert.equal(code, 2, words.join(" "));
    assert.deepEqual(out, []);
    assert.match(err[0] ?? "", expected);
    assert.match(err[1] ?? "", /^see: jetstream-indexer (help|\S+ --help)$/);
  }
});

Deno.test("V-04 settings that can't be used end with 2, all of them at once and no secret among them", async () => {
  const env = {
    LOG_LEVEL: "loud",
    DATABASE_URL: "mysql://root:hunter2@db/subcults",
    METRICS_PORT: "http",
    QUEUE_PAUSE_AT: "-1",
    JETSTREAM_ULR: "wss://example.com/subscribe",
    INTERNAL_AUTH_TOKEN: "two words",
  };
  for (const words of [[], ["run"], ["migrate"], ["check"], ["dead-letters", "list"]]) {
    const { code, out, err } = await told(words, { env });
    const text = err.join("\n");
    assert.equal(code, 2, text);
    assert.deepEqual(out, []);
    for (const name of [...Object.keys(env), "LOCATION_JITTER_SECRET"]) {
      assert.ok(text.includes(name), `${name} in ${text}`);
    }
    assert.doesNotMatch(text, /hunter2|two words/);
  }
});

Deno.test("check tells settings that can't be used as JSON too", async () => {
  const { code, out, err } = await told(["check", "--json"], {
    env: { METRICS_PORT: "http", JETSTREAM_ULR: "ws://127.0.0.1:9/subscribe" },
  });
  assert.deepEqual([code, err], [2, []]);
  const findings = JSON.parse(out.join("")) as { what: string; ok: boolean; detail: string }[];
  assert.deepEqual(findings.map(({ what, ok }) => [what, ok]).toSorted(), [
    ["DATABASE_URL", false],
    ["JETSTREAM_ULR", false],
    ["LOCATION_JITTER_SECRET", false],
    ["METRICS_PORT", false],
  ]);
});

Deno.test("a database that isn't there ends with 1, and the password is not told", async () => {
  const env = {
    DATABASE_URL: "postgres://indexer:hunter2@127.0.0.1:9/none",
    LOCATION_JITTER_SECRET: "a secret",
  };
  for (const words of [["migrate"], ["dead-letters", "list"]]) {
    const { code, err } = await told(words, { env });
    assert.equal(code, 1);
    assert.match(err.join("\n"), /^jetstream-indexer: /);
    assert.doesNotMatch(err.join("\n"), /hunter2/);
  }
});

Deno.test("status of a process that isn't there ends with 1", async () => {
  for (const words of [["status"], ["status", "--json"], ["status", "--ready"]]) {
    const { code, out, err } = await told(words, { env: { METRICS_PORT: "9" } });
    assert.deepEqual([code, out], [1, []]);
    assert.match(err[0] ?? "", /cannot reach http:\/\/127\.0\.0\.1:9: no process answers there/);
  }
});
