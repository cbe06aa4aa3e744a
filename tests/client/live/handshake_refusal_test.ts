/** What a rejected handshake means: only a 400 of the stream server itself is about the request. */

import assert from "node:assert/strict";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { HandshakeRefusedError } from "../../../lib/client/socket/handshake.ts";
import { classifyRefusal } from "../../../lib/client/live/handshake_refusal.ts";

const V2 = parseEndpoint("wss://host/xrpc/network.bsky.jetstream.subscribeEvents");

function kindOf(status: number, error: string): string {
  const body = JSON.stringify({ error, message: "why" });
  return classifyRefusal(V2, new HandshakeRefusedError(status, new Headers(), body), 0).kind;
}

Deno.test("a 400 that names its error as the stream does is about the request", () => {
  assert.equal(kindOf(400, "CursorTooOld"), "cursor_too_old");
  assert.equal(kindOf(400, "UnknownZstdDictionary"), "unknown_dictionary");
  assert.equal(kindOf(400, "InvalidRequest"), "invalid_request");
  assert.equal(kindOf(400, "SomethingElse"), "unavailable");
});

Deno.test("any other status is temporary, whatever error it names", () => {
  for (const status of [301, 401, 403, 404, 429, 500, 502, 503]) {
    for (const error of ["CursorTooOld", "UnknownZstdDictionary", "InvalidRequest"]) {
      assert.equal(kindOf(status, error), "unavailable", `${status} ${error}`);
    }
  }
});
