/** How a connection is checked over time, and what is remembered about its endpoint. */

import assert from "node:assert/strict";
import { Compression } from "../../../lib/client/live/compression.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { EndpointList, REST_MS } from "../../../lib/client/live/endpoint_list.ts";
import { LAG_LIMIT_MS } from "../../../lib/client/live/lag_watch.ts";
import type { Notice } from "../../../lib/client/live/stream_observer.ts";
import { ResumeTracker } from "../../../lib/client/live/resume_tracker.ts";
import { ConnectionMonitor } from "../../../lib/client/live/connection_monitor.ts";
import { FakeClock } from "../../support/jetstream/fake_clock.ts";

const [A, B] = [parseEndpoint("wss://a/subscribe"), parseEndpoint("wss://b/subscribe")];

interface Judged {
  readonly clock: FakeClock;
  readonly endpoints: EndpointList;
  readonly judge: ConnectionMonitor;
  readonly origin: ResumeTracker;
  readonly notices: Notice[];
}

/** The monitor of a connection to A, with B after it in the list. `before` sets the state before it. */
function judged(before: (list: EndpointList, clock: FakeClock) => void = () => {}): Judged {
  const clock = new FakeClock();
  const endpoints = new EndpointList([A, B], clock);
  before(endpoints, clock);
  const origin = new ResumeTracker(() => null, null);
  const notices: Notice[] = [];
  const judge = new ConnectionMonitor({
    endpoint: A,
    expectation: { kind: "none" },
    byAccount: false,
    clock,
    endpoints,
    origin,
    compression: new Compression(false, null, () => {}, clock),
    onNotice: (notice) => notices.push(notice),
    onUseful: () => {},
  });
  return { clock, endpoints, judge, origin, notices };
}

Deno.test("the failures of an endpoint are forgotten when it was read for as long as a rest", () => {
  for (const [readMs, nextRestMs] of [[REST_MS - 1, 4 * REST_MS], [REST_MS, REST_MS]] as const) {
    const { clock, endpoints, judge } = judged((list) => {
      list.rest(A);
      list.rest(A);
    });
    clock.advance(readMs);
    assert.equal(judge.onProgress(null), null);
    endpoints.rest(A);
    clock.advance(nextRestMs - 1);
    assert.equal(endpoints.current(), B);
    clock.advance(1);
    assert.equal(endpoints.current(), A);
  }
});

Deno.test("only a valid code of a server's notice is reported", () => {
  const { judge, notices } = judged();
  assert.equal(judge.onStreamNotice({ notice: `Con<sumer>\n${"x".repeat(100)}` }), null);
  assert.deepEqual(notices, [{
    code: "server_error",
    message: `${A.source} sent the error Consumer${"x".repeat(32)}`,
  }]);
});

Deno.test("events that are old because of our own pause don't count against their server", () => {
  for (const [pauses, ending] of [[false, "left"], [true, undefined]] as const) {
    const { clock, judge } = judged();
    const old = () => ({ cursor: 1, timeUs: (clock.now() - 2 * LAG_LIMIT_MS) * 1000 });
    assert.equal(judge.onProgress(old()), null);
    clock.advance(5 * 60_000);
    if (pauses) judge.onPause();
    assert.equal(judge.onProgress(old())?.kind, ending);
  }
});

Deno.test("one event in the future does not make all later ones look old", () => {
  const { clock, origin } = judged();
  const nowUs = clock.now() * 1000;
  assert.equal(origin.isNew({ cursor: 1, timeUs: nowUs + 1e12 }, nowUs), true);
  assert.equal(origin.isNew({ cursor: 2, timeUs: nowUs - 5 }, nowUs), false);
  assert.equal(origin.isNew({ cursor: 3, timeUs: nowUs + 7 }, nowUs + 10), true);
});
