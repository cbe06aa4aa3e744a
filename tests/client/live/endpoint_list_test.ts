/** How long an endpoint rests that failed, and how long one is deferred that asks for it: exactly at the limit. */

import assert from "node:assert/strict";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { EndpointList } from "../../../lib/client/live/endpoint_list.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";

const MINUTE_MS = 60_000;
const FIRST = parseEndpoint("wss://a.example/subscribe");
const SECOND = parseEndpoint("wss://b.example/subscribe");

/** After so many milliseconds the first endpoint is used again. */
function assertRests(clock: FakeClock, list: EndpointList, ms: number): void {
  clock.advance(ms - 1);
  assert.equal(list.current(), SECOND);
  clock.advance(1);
  assert.equal(list.current(), FIRST);
}

Deno.test("an endpoint that fails rests for ten minutes, then twenty, up to an hour", () => {
  const clock = new FakeClock();
  const list = new EndpointList([FIRST, SECOND], clock);
  for (const minutes of [10, 20, 40, 60, 60]) {
    list.rest(FIRST);
    assertRests(clock, list, minutes * MINUTE_MS);
  }
  list.restore(FIRST);
  list.rest(FIRST);
  assertRests(clock, list, 10 * MINUTE_MS);
});

Deno.test("an endpoint that refuses the request is tried again after an hour", () => {
  const clock = new FakeClock();
  const list = new EndpointList([FIRST, SECOND], clock);
  list.exclude(FIRST);
  assertRests(clock, list, 60 * MINUTE_MS);
});

Deno.test("an endpoint may ask for a quarter of an hour, and not for more", () => {
  for (const [asked, granted] of [[15, 15], [16, 15]] as const) {
    const clock = new FakeClock();
    const list = new EndpointList([FIRST, SECOND], clock);
    list.defer(FIRST, asked * MINUTE_MS);
    assertRests(clock, list, granted * MINUTE_MS);
  }
});

Deno.test("after five short connections in a row an endpoint rests, not after four", () => {
  const list = new EndpointList([FIRST, SECOND], new FakeClock());
  for (let count = 0; count < 4; count++) list.connectionEnded(FIRST, false);
  list.connectionEnded(FIRST, true);
  for (let count = 0; count < 4; count++) list.connectionEnded(FIRST, false);
  assert.equal(list.current(), FIRST);
  list.connectionEnded(FIRST, false);
  assert.equal(list.current(), SECOND);
});
