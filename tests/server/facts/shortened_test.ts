import assert from "node:assert/strict";
import { shortened } from "../../../lib/server/telemetry/shortened.ts";

Deno.test("a server's words of 300 characters are shown whole, and of more as many", () => {
  assert.equal(shortened("x".repeat(300)), "x".repeat(300));
  assert.equal(shortened("x".repeat(301)), `${"x".repeat(300)}…`);
});
