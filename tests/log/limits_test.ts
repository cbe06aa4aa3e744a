/** Limits for long texts and lists in a log line, at the limit and one beyond. */

import assert from "node:assert/strict";
import { describeError, type ErrorFields } from "../../lib/log/describe_error.ts";
import { createLogger } from "../../lib/log/logger.ts";
import { readableError } from "../../lib/log/readable_error.ts";
import { redactor } from "../../lib/log/redaction.ts";

const asItIs = (text: string): string => text;

/** A field as it is written. */
function logged(value: string | readonly string[]): unknown {
  let line = "";
  createLogger({ level: "info", format: "json", write: (text) => line = text })
    .info("x", { field: value });
  return JSON.parse(line).field;
}

Deno.test("a text of 2,000 characters is written completely, and a longer one is cut to that", () => {
  assert.equal(logged("x".repeat(2_000)), "x".repeat(2_000));
  assert.equal(logged("x".repeat(2_001)), `${"x".repeat(2_000)}…`);
});

Deno.test("a list of 50 is written completely, and a longer one is cut to that, with the number of the others", () => {
  const list = (length: number): string[] => Array.from({ length }, (_, index) => `${index}`);
  assert.deepEqual(logged(list(50)), list(50));
  assert.deepEqual(logged(list(51)), [...list(50), "[1 more]"]);
});

Deno.test("an error's message of 500 characters is written completely, and a longer one is cut to that", () => {
  const messageOf = (message: string): unknown =>
    describeError(new Error(message), asItIs)["message"];
  assert.equal(messageOf("x".repeat(500)), "x".repeat(500));
  assert.equal(messageOf("x".repeat(501)), `${"x".repeat(500)}…`);
});

Deno.test("four causes of an error are written, and the fifth is not", () => {
  const behind = (causes: number): Error =>
    new Error(`${causes}`, causes === 0 ? {} : { cause: behind(causes - 1) });
  const depth = ({ cause }: ErrorFields): number =>
    typeof cause === "object" ? 1 + depth(cause) : 0;
  assert.equal(depth(describeError(behind(4), asItIs)), 4);
  assert.equal(depth(describeError(behind(5), asItIs)), 4);
});

Deno.test("a secret of three characters is removed, and one of two can't be distinguished from text", () => {
  assert.equal(redactor(["qzj"])("a qzj b"), "a [secret] b");
  assert.equal(redactor(["qz"])("a qz b"), "a qz b");
});

Deno.test("six frames of a stack are shown, and no more", () => {
  const shown = (frames: number): number => {
    const lines = Array.from(
      { length: frames },
      (_, index) => `    at f${index} (file:///x.ts:1:1)`,
    );
    const error = Object.assign(new Error("x"), { stack: ["Error: x", ...lines].join("\n") });
    return readableError(error, asItIs, true).stack?.split(" | ").length ?? 0;
  };
  assert.deepEqual([5, 6, 7].map(shown), [5, 6, 6]);
});
