import assert from "node:assert/strict";
import { shortened } from "../../../lib/server/telemetry/shortened.ts";

Deno.test("a server's text of 300 characters is shown completely, and a longer one cut to that", () => {
  assert.equal(shortened("x".repeat(300)), "x".repeat(300));
  assert.equal(shortened("x".repeat(301)), `${"x".repeat(300)}…`);
});
