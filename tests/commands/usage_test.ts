import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../lib/commands/all.ts";
import { main } from "../../lib/commands/command_line.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { COLLECTIONS } from "../../lib/mapper/collections/registry.ts";
import { told } from "../support/command_output.ts";
import { refuses, ScriptedServer } from "../support/jetstream/server.ts";

Deno.test("version prints version and commit", async () => {
  for (const word of ["version", "--version"]) {
    const { code, out, err } = await told([word], { commit: "abc1234" });
    assert.deepEqual([code, err], [0, []]);
    assert.deepEqual(out, [`jetstream-indexer ${manifest.version} (abc1234)`]);
  }
  assert.deepEqual((await told(["version"])).out, [`jetstream-indexer ${manifest.version}`]);
});

Deno.test("lexicons prints all documents, or one", async () => {
  const all = JSON.parse((await told(["lexicons"])).out.join("\n"));
  assert.deepEqual(all, COLLECTIONS.map(({ lexicon }) => lexicon));
  const one = await told(["lexicons", "app.subcult.event"]);
  assert.deepEqual(JSON.parse(one.out.join("\n")), all[1]);
  const none = await told(["lexicons", "app.subcult.evnt"]);
  assert.equal(none.code, 2);
  assert.match(none.err.join(), /did you mean app\.subcult\.event\?/);
});

Deno.test("help names every command and the exit codes, and help settings every setting", async () => {
  for (const word of ["help", "--help", "-h"]) {
    const { code, out } = await told([word]);
    assert.equal(code, 0);
    const text = out.join("\n");
    for (const { name, summary } of COMMANDS) {
      assert.ok(text.includes(`  ${name.padEnd(12)}  ${summary}`), name);
    }
    assert.match(text, /0 done; 1 failed;\n2 wrong usage/);
    assert.ok(text.split("\n").length < 30);
  }
  const { code, out } = await told(["help", "settings"]);
  assert.equal(code, 0);
  const text = out.join("\n").replaceAll(/\s+/g, " ");
  for (const [name, { meaning, accepts }] of Object.entries(SETTINGS)) {
    assert.ok(text.includes(`${name} `) && text.includes(meaning), name);
    assert.ok(text.includes(`Accepts ${accepts}.`), name);
  }
});

Deno.test("help fits sixty columns, and the help of each command has an example", async () => {
  const texts = [(await told(["help"])).out.join("\n")];
  for (const { name, help } of COMMANDS) {
    const { out } = await told(["help", name]);
    assert.deepEqual(out, [help]);
    assert.match(help, /^Examples?:\n {2}.*jetstream-indexer/m, name);
    texts.push(help);
  }
  for (const line of texts.join("\n").split("\n")) assert.ok(line.length <= 60, line);
  // A default that is one long word can't be broken.
  for (const line of (await told(["help", "settings"])).out.join("\n").split("\n")) {
    assert.ok(line.length <= 60 || /^\s+\S+$/.test(line), line);
  }
});

Deno.test("for a mistyped command, action or option a similar one is suggested", async () => {
  const mistyped: readonly (readonly [readonly string[], string])[] = [
    [["stauts"], "status"],
    [["migrat"], "migrate"],
    [["deadletters"], "dead-letters"],
    [["help", "dead-leters"], "dead-letters"],
    [["help", "setings"], "settings"],
    [["dead-letters", "dicard"], "discard"],
    [["status", "--jsn"], "--json"],
    [["dead-letters", "list", "--reasn", "x"], "--reason"],
    [["dead-letters", "retry", "--older"], "--older-than"],
    [["completion", "bsh"], "bash"],
  ];
  for (const [words, meant] of mistyped) {
    const { code, err } = await told(words);
    assert.equal(code, 2, words.join(" "));
    assert.ok(err[0]?.endsWith(` (did you mean ${meant}?)`), err[0]);
  }
  for (const words of [["frobnicate"], ["status", "--bogus"], ["dead-letters", "constructor"]]) {
    assert.doesNotMatch((await told(words)).err.join(), /did you mean/);
  }
});

Deno.test("bash completes commands, actions and options", async () => {
  const { out: [script = ""] } = await told(["completion", "bash"]);
  const complete = async (...words: string[]): Promise<string[]> => {
    const typed = words.map((word) => `'${word}'`).join(" ");
    const ask = `COMP_WORDS=(jetstream-indexer ${typed}); COMP_CWORD=${words.length}; ` +
      'COMPREPLY=(); _jetstream_indexer; echo "${COMPREPLY[*]}"';
    const { code, stdout } = await new Deno.Command("bash", { args: ["-c", `${script}\n${ask}`] })
      .output();
    assert.equal(code, 0);
    return new TextDecoder().decode(stdout).trim().split(" ");
  };
  assert.deepEqual(await complete("stat"), ["status"]);
  assert.deepEqual(await complete("dead-letters", "re"), ["retry"]);
  assert.deepEqual(await complete("dead-letters", "discard", "--old"), ["--older-than"]);
  assert.deepEqual(await complete("help", "set"), ["settings"]);
  for (const shell of ["zsh", "fish"]) {
    const { code, out } = await told(["completion", shell]);
    assert.equal(code, 0);
    for (const { name } of COMMANDS) assert.ok(out[0]?.includes(name), name);
  }
});

Deno.test("every command has --help, with any other arguments", async () => {
  for (const { name } of COMMANDS) {
    for (const words of [[name, "--help"], [name, "-h"], [name, "--bogus", "--help"]]) {
      const { code, out, err } = await told(words);
      assert.deepEqual([code, err], [0, []], words.join(" "));
      assert.match(out[0] ?? "", new RegExp(`^usage: jetstream-indexer \\[?${name}`));
    }
  }
});

Deno.test("wrong usage ends with 2 and a message, before anything is done", async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["frobnicate"], /there is no command "frobnicate"/],
    [["--bogus"], /there is no option --bogus$/],
    [["run", "--bogus"], /--bogus/],
    [["run", "twice"], /cannot use "twice": expected options only/],
    [["migrate", "now"], /now/],
    [["version", "1"], /1/],
    [["help", "me"], /there is no help on "me"/],
    [["completion"], /completion takes one of: bash, zsh, fish/],
    [["status", "--ready", "--watch"], /status takes --ready or --watch/],
    [["status", "--json=yes"], /cannot use a value for --json/],
    [["status", "--url"], /cannot use --url alone: expected a value/],
    [["dead-letters", "list", "--reason", "--json"], /cannot use --reason alone/],
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
    // Nothing listens there: a connection attempt would end with 1.
    const env = { DATABASE_URL: "postgres://nobody@127.0.0.1:9/none", LOCATION_JITTER_SECRET: "x" };
    const { code, out, err } = await told(words, { env });
    assert.equal(code, 2, words.join(" "));
    assert.deepEqual(out, []);
    assert.match(err[0] ?? "", expected);
    assert.match(err[1] ?? "", /^see: jetstream-indexer (help|\S+ --help)$/);
  }
});

Deno.test("V-04 invalid settings end with 2, all reported at once and without secrets", async () => {
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

Deno.test("check reports invalid settings as JSON too", async () => {
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

Deno.test("a missing database ends with 1, and the password is not shown", async () => {
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

Deno.test("the answer of a server is shown without the secrets of the request", async () => {
  await using server = new ScriptedServer([(peer) => {
    const sent = atob(peer.request.headers.get("authorization")?.split(" ")[1] ?? "");
    return refuses(401, "Unauthorized", `${sent} is not known here`)(peer);
  }]);
  const env = {
    DATABASE_URL: "postgres://nobody@127.0.0.1:9/none",
    LOCATION_JITTER_SECRET: "a secret",
    JETSTREAM_URL: server.url().replace("://", "://reader:hunter2@"),
  };
  for (const words of [["check"], ["check", "--json"]]) {
    const text = (await told(words, { env })).out.join("\n");
    assert.match(text, /is not known here/);
    assert.doesNotMatch(text, /hunter2/);
  }
});

Deno.test("an unexpected error is shown in one line, without secrets of the environment", async () => {
  const err: string[] = [];
  const code = await main(["version"], {
    env: { INTERNAL_AUTH_TOKEN: "hunter2" },
    build: { version: "0", commit: null, embeddedDatabase: true },
    print: () => {
      throw new Error("cannot write hunter2");
    },
    complain: (line) => err.push(line),
    colours: false,
    stop: new AbortController().signal,
  });
  assert.equal(code, 1);
  assert.deepEqual(err, ["jetstream-indexer: cannot write [secret]"]);
});

for (
  const host of [null, "127.0.0.1", "0.0.0.0", "::", "::1", "localhost"] as const
) {
  Deno.test(`status asks where the process listens: HTTP_HOST ${host ?? "unset"}`, async () => {
    const handler = (): Response => Response.json({ status: "ready" });
    const hostname = host ?? "0.0.0.0";
    await using server = Deno.serve({ hostname, port: 0, onListen: () => {} }, handler);
    const env = {
      METRICS_PORT: String(server.addr.port),
      ...(host === null ? {} : { HTTP_HOST: host }),
    };
    const { code, out, err } = await told(["status", "--ready"], { env });
    assert.deepEqual([code, out, err], [0, ["ready"], []]);
  });
}

Deno.test("status with settings or an address that it can't use ends with 2 and says what is accepted", async () => {
  for (
    const [words, env, expected] of [
      [
        [],
        { METRICS_PORT: "http" },
        /cannot use METRICS_PORT: got "http", expected a whole number/,
      ],
      [[], { METRICS_PORT: "99999" }, /cannot use METRICS_PORT: got "99999", expected a whole/],
      [[], { HTTP_HOST: "a b" }, /cannot use HTTP_HOST: got "a b", expected an IP address/],
      [["--url", "db:9090"], {}, /cannot use --url db:9090: expected http:\/\/HOST:PORT/],
      [["--url", "ftp://db"], {}, /cannot use --url ftp:\/\/db: expected http:\/\/HOST:PORT/],
    ] as const
  ) {
    const { code, out, err } = await told(["status", ...words], { env });
    assert.deepEqual([code, out], [2, []]);
    assert.match(err.join("\n"), expected);
  }
});

Deno.test("status ends with 1 when no process answers", async () => {
  for (const words of [["status"], ["status", "--json"], ["status", "--ready"]]) {
    const { code, out, err } = await told(words, { env: { METRICS_PORT: "9" } });
    assert.deepEqual([code, out], [1, []]);
    assert.match(err[0] ?? "", /cannot reach http:\/\/127\.0\.0\.1:9: no process answers there/);
  }
});

Deno.test("status --watch repeats until it is stopped", async () => {
  const stop = new AbortController();
  const complaints: string[] = [];
  const code = await main(["status", "--watch"], {
    env: { METRICS_PORT: "9" },
    build: { version: manifest.version, commit: null, embeddedDatabase: true },
    print: () => {},
    complain: (line) => {
      complaints.push(line);
      if (complaints.length === 2) stop.abort();
    },
    colours: false,
    stop: stop.signal,
  });
  assert.equal(code, 0);
  assert.equal(complaints.length, 2);
  for (const line of complaints) assert.match(line, /^cannot reach http:\/\/127\.0\.0\.1:9/);
});
