import assert from "node:assert/strict";
import { secure } from "../../../lib/server/http/security_headers.ts";

Deno.test("every answer has the headers against framing, caching, sniffing and cross-origin reading", () => {
  assert.deepEqual(Object.fromEntries(secure(new Response()).headers), {
    "cache-control": "no-store",
    "content-security-policy":
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
  });
});
