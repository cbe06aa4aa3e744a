import assert from "node:assert/strict";
import { briefly } from "../../../lib/server/telemetry/briefly.ts";

Deno.test("a server's words of 300 characters are shown whole, and of more as many", () => {
  assert.equal(briefly("x".repeat(300)), "x".repeat(300));
  assert.equal(briefly("x".repeat(301)), `${"x".repeat(300)}…`);
});
