import assert from "node:assert/strict";
import { DAMAGE_TRIES } from "../../../lib/client/archive/archive_client.ts";
import {
  ArchiveDamagedError,
  ArchiveRefusedError,
  ArchiveStalledError,
} from "../../../lib/client/archive/archive_error.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { ReconnectLimitError } from "../../../lib/client/live/stream_error.ts";
import { IDLE_MS, TOTAL_MS } from "../../../lib/client/archive/http_request.ts";
import { Secret } from "../../../lib/secret.ts";
import {
  ArchiveServer,
  type Fault,
  FAULTS,
  type Method,
  refusal,
} from "../../support/jetstream/archive_server.ts";
import { mixedArchive, replay, seqsIn, wantedSeqs } from "../../support/jetstream/replayed.ts";

/** Each way to download, with the method that it uses. */
const WAYS: readonly (readonly [method: Method, wholeFrom: number])[] = [
  ["getSegment", 0],
  ["getBlock", 2],
];

/** Requests of a segment before the first part with blocks: header and footer. */
const BEFORE_PARTS = 2;

const BASIC = `Basic ${btoa("me:secret")}`;
const KEY = "k-0123456789abcdef";

for (
  const [name, fault] of [
    ["cut off", FAULTS.cuts],
    ["dropped", FAULTS.drops],
    ["refused with 500", FAULTS.refuses(500)],
    ["refused with 503", FAULTS.refuses(503)],
    ["refused with 404 by a proxy", FAULTS.refuses(404)],
    ["refused with 408", FAULTS.answers(refusal(408, "RequestTimeout", "slow"))],
  ] as const
) {
  Deno.test(`an answer that is ${name} is requested again, the plan's too`, async () => {
    for (const [method, wholeFrom] of WAYS) {
      await using server = new ArchiveServer(mixedArchive(2, 3, 20), { wholeFrom });
      server.fail("planSnapshot", fault);
      server.fail(method, fault, 2, 1);
      server.fail(method, fault, 1, 2);
      const { done, chunks, failures, notices } = replay(server);
      await done;
      assert.equal(server.unfired, 0);
      assert.deepEqual(failures.map(({ request }) => request).sort(), [
        method,
        method,
        method,
        "planSnapshot",
      ]);
      assert.deepEqual(notices, []);
      assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
    }
  });
}

for (
  const [name, fault] of [
    ["a flipped bit", FAULTS.flips],
    ["a missing last byte", FAULTS.shortens],
  ] as const
) {
  for (const [method, wholeFrom] of WAYS) {
    Deno.test(`T10 ${name} is downloaded again, bypassing caches: ${method}`, async () => {
      await using server = new ArchiveServer(mixedArchive(2, 3, 20), { wholeFrom });
      server.fail(method, fault, 1, wholeFrom === 0 ? BEFORE_PARTS : 0);
      const { done, chunks, notices } = replay(server);
      await done;
      assert.equal(server.unfired, 0);
      assert.deepEqual(notices.map(({ code }) => code), ["archive_damaged"]);
      const fresh = server.asked(method).filter(({ headers }) => headers.has("cache-control"));
      assert.equal(fresh.length, 1);
      assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
    });

    Deno.test(`T10 ${name} on every attempt ends the replay before it: ${method}`, async () => {
      await using server = new ArchiveServer(mixedArchive(2, 3, 20), { wholeFrom });
      const [, second] = server.segments;
      const spoilt = (
        answer: Parameters<Fault>[0],
        request: Parameters<Fault>[1],
      ): typeof answer => {
        const name = request.url.searchParams.get("name") ??
          request.url.searchParams.get("segment");
        const inBlocks = !/^bytes=0-/.test(request.headers.get("range") ?? "");
        return name === second!.name && inBlocks ? fault(answer, request) : answer;
      };
      server.fail(method, spoilt, Infinity);
      const { done, chunks, notices } = replay(server);
      await assert.rejects(done, ArchiveDamagedError);
      assert.ok(notices.length >= DAMAGE_TRIES - 1);
      const position = chunks.at(-1)!.position.cursor;
      assert.ok(position < second!.minSeq, `the position is ${position}`);
      assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows).filter((seq) => seq <= 60));
    });
  }
}

Deno.test("a footer with a wrong checksum is downloaded again, and rejected if it stays wrong", async () => {
  for (const [times, name] of [[1, null], [Infinity, "ArchiveDamagedError"]] as const) {
    await using server = new ArchiveServer(mixedArchive(1, 3, 20), { wholeFrom: 0 });
    server.fail(
      "getSegment",
      (answer, request) => {
        const first = Number(/\d+/.exec(request.headers.get("range") ?? "")?.[0]);
        return first > 256 ? FAULTS.flips(answer, request) : answer;
      },
      times,
      1,
    );
    const { done, chunks, notices } = replay(server);
    if (name === null) {
      await done;
      assert.equal(server.unfired, 0);
      assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
      assert.equal(notices.length, 1);
    } else {
      await assert.rejects(done, { name });
      assert.deepEqual(chunks, []);
      assert.equal(notices.length, DAMAGE_TRIES - 1);
    }
  }
});

Deno.test("an invalid plan is requested again, and rejected if it stays invalid", async () => {
  const nonsense: readonly unknown[] = [
    [],
    { sealedTipSeq: 9, segments: [] },
    { plannedThroughSeq: 1.5, sealedTipSeq: 9, segments: [] },
    { plannedThroughSeq: 9, sealedTipSeq: -9, segments: [] },
    { plannedThroughSeq: 9, sealedTipSeq: 9, segments: {} },
    planWith({ name: "../seg.jss" }),
    planWith({ checksum: "short" }),
    planWith({ mode: "whatever" }),
    planWith({ mode: "blocks", blocks: [{ first: 3, last: 2 }] }),
    planWith({ mode: "blocks", blocks: [{ first: 3, last: 3 }, { first: 3, last: 4 }] }),
    planWith({ minSeq: 9, maxSeq: 1 }),
    planWith({}, {}),
    planWith({ maxSeq: 5 }, { minSeq: 5 }),
  ];
  for (const plan of nonsense) {
    await using server = new ArchiveServer(mixedArchive(1, 1, 9));
    const body = new TextEncoder().encode(JSON.stringify(plan));
    server.fail("planSnapshot", (answer) => ({ ...answer, body }), Infinity);
    const { done, chunks } = replay(server);
    await assert.rejects(done, ArchiveDamagedError, JSON.stringify(plan));
    assert.equal(server.plans.length, DAMAGE_TRIES);
    assert.deepEqual(chunks, []);
  }
});

function planWith(...changes: readonly object[]): unknown {
  const segment = { name: "seg_0.jss", index: 0, minSeq: 1, maxSeq: 9, mode: "segment" };
  const segments = changes.map((changed) => ({ ...segment, checksum: "0".repeat(16), ...changed }));
  return { plannedThroughSeq: 9, sealedTipSeq: 9, segments };
}

Deno.test("when a segment is replaced during the replay, a new plan begins at the current position", async () => {
  await using server = new ArchiveServer(mixedArchive(3, 4, 25), { wholeFrom: 0 });
  const gone = (seq: number): boolean => seq % 5 === 0;
  let compacted = 0;
  const { done, chunks, notices } = replay(server, {
    limits: { tasks: 1, bytes: 1 },
    deliver: ({ position }) => {
      if (compacted++ > 0 || position.cursor < 10) return;
      for (const index of [0, 1, 2]) server.compact(index, ({ seq }) => !gone(seq));
    },
  });
  assert.deepEqual(await done, { cutover: 300 });
  assert.ok(notices.some(({ code }) => code === "archive_replanned"));
  assert.deepEqual(server.plans.slice(1).map(({ beforeSeq }) => beforeSeq), [300]);
  const seqs = seqsIn(chunks);
  assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
  const expected = wantedSeqs(server.rows).filter((seq) => !gone(seq));
  assert.deepEqual(seqs.filter((seq) => !gone(seq)), expected);
});

for (
  const [name, fault] of [
    ["another ETag", (answer) => ({ ...answer, headers: { ...answer.headers, "ETag": '"x"' } })],
    ["no ETag", ({ headers: { ETag: _, ...headers }, ...answer }) => ({ ...answer, headers })],
    ["the whole file of another generation", (answer) => ({
      ...answer,
      status: 200,
      headers: { "ETag": '"0123456789abcdef"' },
    })],
    ["416", FAULTS.refuses(416)],
    ["412", FAULTS.refuses(412)],
    ["404 SegmentNotFound", FAULTS.answers(refusal(404, "SegmentNotFound", "gone"))],
  ] as readonly (readonly [string, Fault])[]
) {
  Deno.test(`${name} means that the plan is outdated: a new plan is requested, at most five times`, async () => {
    for (const times of [1, Infinity]) {
      await using server = new ArchiveServer(mixedArchive(2, 2, 20), { wholeFrom: 0 });
      server.fail("getSegment", fault, times, 1);
      const { clock, done, chunks, notices } = replay(server);
      if (times === 1) {
        await done;
        assert.equal(server.unfired, 0);
        assert.equal(server.plans.length, 2);
        assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
      } else {
        await assert.rejects(done, ArchiveStalledError);
        assert.equal(server.plans.length, 5);
        assert.deepEqual(chunks, []);
        assert.deepEqual(clock.waits, [500, 1000, 2000, 4000]);
      }
      assert.ok(notices.every(({ code }) => code === "archive_replanned"));
    }
  });
}

Deno.test("a removed block means that the plan is outdated", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 4, 20), { wholeFrom: 2 });
  server.fail("getBlock", FAULTS.answers(refusal(404, "BlockNotFound", "gone")), 1, 2);
  const { done, chunks } = replay(server);
  await done;
  assert.equal(server.unfired, 0);
  assert.equal(server.plans.length, 2);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
});

Deno.test("a block of another generation is accepted, a block with another number is not", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 4, 20), { wholeFrom: 2 });
  const tagged = (etag: string): Fault => (answer) => ({ ...answer, headers: { "ETag": etag } });
  server.fail("getBlock", tagged('W/"0123456789abcdef:0"'));
  server.fail("getBlock", tagged('"0123456789abcdef:3"'));
  // An ETag that names no block says nothing about its number.
  server.fail("getBlock", tagged('"0123456789abcdef"'));
  const { done, chunks, notices } = replay(server, { limits: { tasks: 1, bytes: 1 } });
  await done;
  assert.equal(server.unfired, 0);
  assert.deepEqual(notices.map(({ code }) => code), ["archive_damaged"]);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
});

Deno.test("a block with the rows of another block is rejected", async () => {
  await using server = new ArchiveServer(mixedArchive(2, 3, 20), { wholeFrom: 2 });
  const [first, second] = server.segments;
  for (const other of [first!.blocks[0]!, second!.blocks[0]!]) {
    server.fail("getBlock", (answer) => ({ ...answer, headers: {}, body: other.frame }), 1, 1);
  }
  const { done, chunks, notices } = replay(server, { limits: { tasks: 1, bytes: 1 } });
  await done;
  assert.equal(server.unfired, 0);
  assert.equal(notices.length, 2);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
});

Deno.test("a server that ignores ranges is not used: it would send whole files repeatedly", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 2, 20), { wholeFrom: 0 });
  server.fail("getSegment", (answer) => ({
    ...answer,
    status: 200,
    body: server.segments[0]!.file,
  }));
  const { done } = replay(server);
  await assert.rejects(done, ArchiveRefusedError);
  assert.equal(server.unfired, 0);
});

Deno.test("an answer longer than it may be is not read to its end", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 2, 20), { wholeFrom: 0 });
  server.fail("getSegment", (answer) => ({ ...answer, body: new Uint8Array(100_000) }));
  const { done, chunks, failures } = replay(server);
  await done;
  assert.equal(server.unfired, 0);
  assert.match(failures[0]!.error.message, /more than 256 bytes/);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
});

Deno.test("the wait grows with each failure, with jitter, and finally each failure is an alert", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 10));
  server.fail("planSnapshot", FAULTS.refuses(502), 9);
  const { clock, done, failures, alerts, answered } = replay(server, {
    reconnect: { baseMs: 1, maxMs: 30_000, alertAttempts: 8, maxAttempts: 0 },
  });
  await done;
  assert.equal(server.unfired, 0);
  const waits = [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];
  assert.deepEqual(clock.waits, waits);
  assert.deepEqual(failures.map(({ retryInMs }) => retryInMs), waits);
  assert.deepEqual(alerts, [8, 9]);
  assert.deepEqual(answered, ["planSnapshot"]);
});

Deno.test("a limit on consecutive failures ends the replay", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 10));
  server.fail("planSnapshot", FAULTS.drops, Infinity);
  const reconnect = { baseMs: 1, maxMs: 10, alertAttempts: 0, maxAttempts: 3 };
  const { done, failures } = replay(server, { reconnect });
  await assert.rejects(done, ReconnectLimitError);
  assert.equal(failures.length, 3);
});

for (
  const [name, guardMs, message] of [
    ["silent for half a minute", IDLE_MS, /silent or too slow for 30 s/],
    ["trickling for ten minutes", TOTAL_MS, /silent or too slow for 600 s/],
  ] as const
) {
  Deno.test(`a server that is ${name} is asked again`, async () => {
    await using server = new ArchiveServer(mixedArchive(1, 1, 10));
    const never = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    server.fail("planSnapshot", (answer) => {
      asked.resolve();
      return { ...answer, heldUntil: never.promise };
    });
    const { clock, done, chunks, failures } = replay(server);
    await asked.promise;
    clock.expire(guardMs);
    await done;
    never.resolve();
    assert.match(failures[0]!.error.message, message);
    assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
    assert.equal(clock.guards, 0);
  });
}

Deno.test("a request that is wrong ends the replay with the server's words", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 10));
  const answer = refusal(400, "InvalidRequest", "invalid collection: x\ny");
  server.fail("planSnapshot", FAULTS.answers(answer));
  const { done } = replay(server);
  await assert.rejects(done, (error) => {
    assert.ok(error instanceof ArchiveRefusedError);
    assert.match(error.message, /InvalidRequest: invalid collection: x y$/);
    return true;
  });
  assert.equal(server.requests.length, 1);
});

Deno.test("a key is sent with every request to the archive, and the error about a wrong key does not show it", async () => {
  for (const [, wholeFrom] of WAYS) {
    await using server = new ArchiveServer(mixedArchive(1, 2, 10), { wholeFrom, apiKey: KEY });
    const { done, chunks } = replay(server, { apiKey: new Secret(KEY) });
    await done;
    assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
    for (const key of [null, new Secret("another-0123456789")]) {
      const refused = replay(server, { apiKey: key });
      await assert.rejects(refused.done, (error) => {
        assert.ok(error instanceof ArchiveRefusedError);
        assert.match(error.message, /JETSTREAM_API_KEY/);
        assert.doesNotMatch(Deno.inspect(error), /another-/);
        return true;
      });
      assert.deepEqual(refused.failures, []);
    }
  }
});

Deno.test("a key replaces credentials in the URL; without a key a proxy gets those", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 10));
  const { source, url, protocol } = parseEndpoint(server.url);
  const endpoint = { source, protocol, url: url.replace("://", "://me:secret@") };
  for (const [apiKey, sent] of [[new Secret(KEY), `Bearer ${KEY}`], [null, BASIC]] as const) {
    await replay(server, { endpoint, apiKey }).done;
    assert.equal(server.requests.at(-1)?.headers.get("authorization"), sent);
  }
});

Deno.test("a key is not sent to another server after a redirect", async () => {
  await using other = new ArchiveServer(mixedArchive(1, 1, 10));
  await using server = new ArchiveServer(mixedArchive(1, 1, 10), { apiKey: KEY });
  server.fail("planSnapshot", (_, { url }) => {
    const location = new URL(url.pathname, other.url.replace("ws:", "http:")).href;
    return { status: 307, headers: { "Location": location }, body: new Uint8Array() };
  });
  const { done, failures } = replay(server, { apiKey: new Secret(KEY) });
  await done;
  assert.equal(server.unfired, 0);
  assert.equal(other.requests.length, 0);
  assert.match(String(failures[0]?.error), /redirects to http:/);
});

Deno.test("only a server of v2 has an archive", async () => {
  await using server = new ArchiveServer([]);
  const { source, url } = { source: "host/subscribe", url: server.url };
  const { done } = replay(server, { endpoint: { protocol: "v1", source, url } });
  await assert.rejects(done, TypeError);
});
