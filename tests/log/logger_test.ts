import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createLogger, type Logger, type LoggerOptions } from "../../lib/log/logger.ts";
import { redactor } from "../../lib/log/redaction.ts";

const NOON = Date.UTC(2026, 10, 24, 12);

function recording(options: Partial<LoggerOptions> = {}): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = createLogger({
    level: "debug",
    format: "json",
    now: () => NOON,
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines };
}

function only(lines: readonly string[]): Record<string, unknown> {
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] ?? "");
}

Deno.test("a line is one JSON object with time, level, message and fields", () => {
  const { log, lines } = recording();
  log.info("connected", { source: "h/subscribe", failures: 2, resumed: true, cursor: null });
  assert.equal(
    lines[0],
    '{"time":"2026-11-24T12:00:00.000Z","level":"info","message":"connected",' +
      '"source":"h/subscribe","failures":2,"resumed":true,"cursor":null}',
  );
});

Deno.test("levels below the one that is set are not written", () => {
  const written = (level: "debug" | "info" | "warn" | "error"): number => {
    const { log, lines } = recording({ level });
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    return lines.length;
  };
  assert.deepEqual((["debug", "info", "warn", "error"] as const).map(written), [4, 3, 2, 1]);
});

Deno.test("a readable line shows the time of day, the level, the message and its fields", () => {
  const { log, lines } = recording({ format: "readable" });
  log.warn("paused", { queued: 1001, why: "two words", none: undefined });
  assert.equal(lines[0], '12:00:00.000 WARN  paused queued=1001 why="two words"');
});

/** The line of an error in a terminal. */
function readable(level: "warn" | "error", error: unknown): string {
  const { log, lines } = recording({ format: "readable" });
  log[level]("cannot write", { error });
  assert.equal(lines.length, 1);
  return lines[0]?.slice("12:00:00.000 WARN  ".length) ?? "";
}

Deno.test("in a terminal an error is its message, code and causes, each once", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), {
    code: "ECONNREFUSED",
  });
  const away = Object.assign(new Error("the database is shut down"), { code: "57P01" });
  for (const level of ["warn", "error"] as const) {
    assert.equal(
      readable(level, refused),
      'cannot write error="connect ECONNREFUSED 127.0.0.1:5432"',
    );
    assert.equal(readable(level, away), 'cannot write error="the database is shut down (57P01)"');
    assert.equal(
      readable(level, new Error("no connection", { cause: away })),
      'cannot write error="no connection: the database is shut down (57P01)"',
    );
    assert.equal(
      readable(level, new Error("no answer: the database is shut down", { cause: away })),
      'cannot write error="no answer: the database is shut down (57P01)"',
    );
  }
});

Deno.test("a stack is shown for faults of the program: on a warning or error line, for an error without a code", () => {
  const fault = new TypeError("x is not a function");
  assert.equal(readable("warn", fault), 'cannot write error="TypeError: x is not a function"');
  assert.match(
    readable("error", fault),
    /^cannot write error="TypeError: x is not a function" stack="at .*logger_test\.ts:\d+:\d+/,
  );
  assert.match(readable("error", new Error("behind", { cause: fault })), /stack="at /);
  const { log, lines } = recording();
  log.error("cannot write", { error: fault });
  assert.deepEqual(only(lines)["error"], { name: "TypeError", message: "x is not a function" });
});

Deno.test("in a terminal a number has three digits, unless it counts something", () => {
  const { log, lines } = recording({ format: "readable" });
  log.info("waiting", {
    ms: 32.6682582596991,
    s: 0.000123456,
    far: 12345.678,
    cursor: 1787218201004512,
  });
  assert.equal(
    lines[0],
    "12:00:00.000 INFO  waiting ms=32.7 s=0.000123 far=12346 cursor=1787218201004512",
  );
});

Deno.test("nothing from the wire can end a line, move a cursor or reverse a text", () => {
  const hostile = 'a\r\n{"level":"info"}\u0000\u001b[2J\u009b31m\u2028\u202e\u2066\ud800';
  for (const format of ["json", "readable"] as const) {
    const { log, lines } = recording({ format });
    log.info(hostile, { [hostile]: hostile, error: new Error(hostile) });
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0] ?? "", /[\p{Cc}\u2028\u202e\u2066\ud800]/u);
    if (format === "json") assert.equal(only(lines)["message"], hostile);
  }
});

Deno.test("a field can't replace the time, the level, the message or a prototype", () => {
  const { log, lines } = recording();
  log.info("real", JSON.parse('{"message":"fake","level":"fake","time":1,"__proto__":"p"}'));
  const line = only(lines);
  assert.equal(line["message"], "real");
  assert.equal(line["level"], "info");
  assert.equal(line["field_message"], "fake");
});

Deno.test("registered secrets are never written, in message, name, field, list or error", () => {
  const secret = 'pa"ss/w\\ö rd';
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64"),
  ];
  for (const format of ["json", "readable"] as const) {
    const { log, lines } = recording({ format, secrets: [secret] });
    for (const form of forms) {
      log.error(`failed with ${form}`, {
        [`x${form}`]: form,
        list: [`a${form}b`],
        error: new Error(`no ${form}`, { cause: new Error(form) }),
      });
    }
    const all = lines.join("\n") + lines.map((line) => format === "json" ? JSON.parse(line) : "");
    for (const form of forms) assert.equal(all.includes(form), false, form);
    assert.match(all, /\[secret\]/);
  }
});

Deno.test("a secret that contains another one is removed completely", () => {
  assert.equal(redactor(["abc", "abcdef"])("x abcdef abc y"), "x [secret] [secret] y");
});

Deno.test("a secret of one or two characters does not blank ordinary text", () => {
  assert.equal(redactor(["a", ""])("a banana"), "a banana");
});

Deno.test("a password that is an ordinary word is removed from URLs, and stays in sentences", () => {
  const redact = redactor(["password", "postgres"]);
  assert.equal(
    redact("wrong user or password at postgres://postgres:password@h/db"),
    "wrong user or password at postgres://h/db",
  );
});

Deno.test("memory: as the address of the database is not a secret", () => {
  assert.equal(redactor(["memory:"])("DATABASE_URL is memory:, so"), "DATABASE_URL is memory:, so");
});

Deno.test("URLs lose their credentials and bearer tokens their value", () => {
  const redact = redactor([]);
  const table: Readonly<Record<string, string>> = {
    "postgres://u:p@h:5432/db": "postgres://h:5432/db",
    "at postgres://u@h/db now": "at postgres://h/db now",
    "wss://h/subscribe?api_key=abc&cursor=1": "wss://h/subscribe?api_key=[secret]&cursor=1",
    "https://h/x?db_password=abc;client-secret=d&x=1":
      "https://h/x?db_password=[secret];client-secret=[secret]&x=1",
    "postgres://h/db?password=x&sslmode=require":
      "postgres://h/db?password=[secret]&sslmode=require",
    "authorization: Bearer abc.def": "authorization: Bearer [secret]",
    "at://did:plc:x/app.subcult.scene/3k": "at://did:plc:x/app.subcult.scene/3k",
    "https://h/@name": "https://h/@name",
  };
  for (const [text, expected] of Object.entries(table)) assert.equal(redact(text), expected);
});

Deno.test("objects, bodies and places are never printed", () => {
  const { log, lines } = recording();
  log.info("x", {
    value: { lat: 52.52001 },
    nested: [{ lng: 13.40495 }],
    lat: 52.52001,
    Longitude: 13.40495,
    record: "text 52.52001",
    at: new Date(NOON),
    big: 2n ** 64n,
    bad: NaN,
  });
  assert.doesNotMatch(lines[0] ?? "", /52\.52|13\.40/);
  assert.equal(only(lines)["value"], "[object]");
  assert.equal(only(lines)["at"], "2026-11-24T12:00:00.000Z");
  assert.equal(only(lines)["big"], "18446744073709551616");
});

Deno.test("an error is its name, message, code and cause: no stack, no query, no row", () => {
  const { log, lines } = recording();
  const refused = Object.assign(new Error("connection refused"), {
    code: "ECONNREFUSED",
    query: "insert into scenes values (52.52001)",
    parameters: [13.40495],
  });
  log.error("commit failed", { error: new TypeError("no answer", { cause: refused }) });
  assert.deepEqual(only(lines)["error"], {
    name: "TypeError",
    message: "no answer",
    cause: { name: "Error", message: "connection refused", code: "ECONNREFUSED" },
  });
});

Deno.test("Postgres' message about a rejected value quotes the value, and is not printed", () => {
  const { log, lines } = recording();
  for (const code of ["22P02", "23514", "54000", "P0001", "XX000"]) {
    const message = 'invalid input syntax: "POINT(13.40495 52.52001)"';
    log.error("commit failed", {
      error: Object.assign(new Error(message), { name: "PostgresError", code }),
    });
    assert.deepEqual(JSON.parse(lines.pop() ?? "")["error"], {
      name: "PostgresError",
      message: "the database rejected a value",
      code,
    });
  }
});

Deno.test("anything that is thrown becomes a short line: circular causes, texts and objects", () => {
  const { log, lines } = recording();
  const circle = new Error("circle");
  circle.cause = circle;
  log.error("a", { error: circle });
  log.error("b", { error: "just text" });
  log.error("c", { error: { lat: 52.52001 } });
  log.error("d", { error: new AggregateError([new Error("first")], "all failed") });
  log.error("e", { text: "x".repeat(100_000), list: Array.from({ length: 1000 }, () => "y") });
  for (const line of lines) assert(line.length < 4_000);
  assert.match(lines[1] ?? "", /just text/);
  assert.match(lines[3] ?? "", /all failed.*first/);
});

Deno.test("no part of a secret is left where a long text is cut, in a field or in an error", () => {
  const { log, lines } = recording({ secrets: ["correct-horse-battery"] });
  // Wherever the cut is, in one of these it goes through the secret.
  for (let before = 0; before < 2_100; before += 10) {
    const text = `${"x".repeat(before)}correct-horse-battery${"y".repeat(3_000)}`;
    const error = new Error(text, { cause: new Error(text) });
    log.error(text.slice(0, 3_000), { text, list: [text], error });
  }
  for (const line of lines) assert.doesNotMatch(line, /correct|horse|battery/);
});

Deno.test("in development an error also shows where it was thrown", () => {
  const { log, lines } = recording({ format: "readable" });
  log.error("failed", { error: new Error("here") });
  assert.match(lines[0] ?? "", /logger_test\.ts/);
});
