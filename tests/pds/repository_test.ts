/** Repositories read from their source: complete, verified and bounded, whatever the server does. */

import assert from "node:assert/strict";
import { decode, encode } from "@atcute/cbor";
import { recordCid } from "../../lib/decoder/cbor/cid.ts";
import { type ReaderOptions, readRepository } from "../../lib/pds/repository_reader.ts";
import { SourceError, type SourceFailure } from "../../lib/pds/source_error.ts";
import { AUTHORITY, LOCALHOST, OTHER_NAME, STRANGER } from "../support/certificates.ts";
import { type Misbehaviour, TinyNetwork } from "../support/pds/tiny_network.ts";

const DID = "did:plc:tidetablesexample234567a";
const OTHER = "did:plc:anotheraccountofthetest2";
const SCENE = "app.subcult.scene";

function options(network: TinyNetwork, more: Partial<ReaderOptions> = {}): ReaderOptions {
  return {
    plcUrl: network.url,
    allowPrivate: true,
    timeoutMs: 10_000,
    maxBytes: 4 * 2 ** 20,
    maxRecords: 1_000,
    collections: [SCENE],
    wanted: (collection) => collection.startsWith("app.subcult."),
    ...more,
  };
}

const signal = new AbortController().signal;

/** A network with one account that has some records, of which two are not wanted. */
async function network(): Promise<TinyNetwork> {
  const made = new TinyNetwork();
  await made.account(DID);
  for (let n = 0; n < 40; n++) {
    made.put(DID, `${SCENE}/s${n}`, { $type: SCENE, name: `Scene ${n}` });
  }
  for (const n of [1, 2]) made.put(DID, `app.bsky.feed.post/p${n}`, { text: "elsewhere" });
  return made;
}

async function failureOf(reading: Promise<unknown>): Promise<SourceFailure | null> {
  try {
    await reading;
    return null;
  } catch (error) {
    assert.ok(error instanceof SourceError, String(error));
    return error.failure;
  }
}

Deno.test("a repository is read with its revision and its wanted records", async () => {
  await using made = await network();
  const { snapshot, verified } = await readRepository(DID, options(made), signal);
  assert.equal(verified, true);
  const names = snapshot.records.map(({ bytes }) => (decode(bytes) as { name: string }).name);
  assert.deepEqual(names.toSorted(), Array.from({ length: 40 }, (_, n) => `Scene ${n}`).toSorted());
  assert.equal(snapshot.rev, made.rev(DID));
});

for (const curve of ["p256", "secp256k1"] as const) {
  for (const form of ["Multikey", "old", "old and whole"] as const) {
    Deno.test(`a signature is verified with a key on ${curve}, written as ${form}`, async () => {
      await using made = new TinyNetwork();
      // Half of all points have the one sign, half the other.
      for (const account of ["a", "b", "c", "d", "e", "f", "g", "h"]) {
        const did = DID.slice(0, -1) + account;
        await made.account(did, { curve, form });
        made.put(did, `${SCENE}/s`, { $type: SCENE, name: "Scene" });
        const { snapshot, verified } = await readRepository(did, options(made), signal);
        assert.deepEqual([verified, snapshot.records.length], [true, 1]);
        await made.stealKey(did);
        assert.equal(await failureOf(readRepository(did, options(made), signal)), "invalid");
      }
    });
  }
}

Deno.test("an empty repository has no records, and is not a failure", async () => {
  await using made = new TinyNetwork();
  await made.account(DID);
  const { snapshot } = await readRepository(DID, options(made), signal);
  assert.deepEqual(snapshot.records, []);
});

Deno.test("a repository above the size limit is listed, page by page", async () => {
  await using made = await network();
  for (let n = 0; n < 250; n++) {
    made.put(DID, `${SCENE}/t${n}`, { $type: SCENE, name: `More ${n}` });
  }
  const asking = options(made, { maxBytes: 20_000 });
  const { snapshot, verified } = await readRepository(DID, asking, signal);
  assert.equal(verified, false);
  assert.equal(snapshot.records.length, 290);
  assert.equal(new Set(snapshot.records.map(({ rkey }) => rkey)).size, 290);
});

Deno.test("a repository with too many records is not read in part", async () => {
  await using made = await network();
  const small = options(made, { maxBytes: 6_000, maxRecords: 10 });
  assert.equal(await failureOf(readRepository(DID, small, signal)), "too_large");
});

Deno.test("a listing that never ends, page by page, is given up", async () => {
  await using made = await network();
  let pages = 0;
  made.misbehaviour = async (_request, { pathname }) => {
    if (!pathname.endsWith("listRecords")) return null;
    const value = { $type: SCENE, name: "Scene" };
    await new Promise((resolve) => setTimeout(resolve, 100));
    const record = { uri: `at://${DID}/${SCENE}/s`, cid: recordCid(encode(value)), value };
    return Response.json({ records: [record], cursor: `${++pages}` });
  };
  const slow = options(made, { maxBytes: 6_000, maxRecords: 100, timeoutMs: 300 });
  assert.equal(await failureOf(readRepository(DID, slow, signal)), "unreachable");
  assert.ok(pages < 50, `${pages} pages`);
});

Deno.test("a server that asks for a pause while it lists a repository gets it", async () => {
  await using made = await network();
  made.misbehaviour = (_request, { pathname }) =>
    pathname.endsWith("listRecords")
      ? new Response("", { status: 429, headers: { "retry-after": "120" } })
      : null;
  const rested: [string, number][] = [];
  const asking = options(made, {
    maxBytes: 6_000,
    rest: (server, ms) => rested.push([server, ms]),
  });
  assert.equal(await failureOf(readRepository(DID, asking, signal)), "unreachable");
  assert.deepEqual(rested, [[new URL(made.url).host, 120_000]]);
});

Deno.test("a CAR that is truncated at or within any block is invalid", async () => {
  await using made = await network();
  const car = await made.car(DID);
  const ends = new Set<number>();
  for (let at = 1; at < car.length; at += 397) ends.add(at);
  for (const end of ends) {
    made.misbehaviour = (_request, { pathname }) =>
      pathname.endsWith("getRepo") ? new Response(car.slice(0, end)) : null;
    assert.equal(
      await failureOf(readRepository(DID, options(made), signal)),
      "invalid",
      `cut at ${end}`,
    );
  }
});

Deno.test("a CAR of which any byte was altered is invalid", async () => {
  await using made = await network();
  const car = await made.car(DID);
  for (let at = 0; at < car.length; at += 251) {
    const altered = car.slice();
    altered[at] = (altered[at] ?? 0) ^ 1;
    made.misbehaviour = (_request, { pathname }) =>
      pathname.endsWith("getRepo") ? new Response(altered) : null;
    assert.equal(
      await failureOf(readRepository(DID, options(made), signal)),
      "invalid",
      `byte ${at}`,
    );
  }
});

Deno.test("a repository that another key signed, or of another account, is invalid", async () => {
  await using made = await network();
  await made.account(OTHER);
  const others = await made.car(OTHER);
  made.misbehaviour = (_request, { pathname }) =>
    pathname.endsWith("getRepo") ? new Response(others) : null;
  assert.equal(await failureOf(readRepository(DID, options(made), signal)), "invalid");
  // The signature alone does not say whose it is.
  made.shareKey(DID, OTHER);
  const signed = await made.car(OTHER);
  made.misbehaviour = (_request, { pathname }) =>
    pathname.endsWith("getRepo") ? new Response(signed) : null;
  assert.equal(await failureOf(readRepository(DID, options(made), signal)), "invalid");
  made.misbehaviour = () => null;
  await made.stealKey(DID);
  assert.equal(await failureOf(readRepository(DID, options(made), signal)), "invalid");
});

/** Faults of servers, each with its failure code. */
const FAULTS: readonly (readonly [string, SourceFailure, Misbehaviour])[] = [
  [
    "says that it has no such repository",
    "absent",
    () => Response.json({ error: "RepoNotFound" }, { status: 400 }),
  ],
  [
    "says that the account is deactivated",
    "absent",
    () => Response.json({ error: "RepoDeactivated" }, { status: 400 }),
  ],
  ["is overloaded", "unreachable", () => new Response("busy", { status: 503 })],
  ["answers in HTML", "invalid", () => new Response("<html>")],
  [
    "redirects",
    "unreachable",
    () => new Response(null, { status: 302, headers: { location: "http://10.0.0.1/" } }),
  ],
  [
    "never ends its answer",
    "unreachable",
    () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
  ],
  [
    "sends for ever",
    "too_large",
    () => new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(65_536)) })),
  ],
];

for (const [what, failure, answer] of FAULTS) {
  Deno.test(`a server that ${what}: ${failure}`, async () => {
    await using made = await network();
    made.misbehaviour = (request, url) =>
      url.pathname.startsWith("/xrpc/") ? answer(request, url) : null;
    const asking = options(made, { timeoutMs: failure === "unreachable" ? 1_000 : 10_000 });
    assert.equal(await failureOf(readRepository(DID, asking, signal)), failure);
  });
}

Deno.test("the time for which a server asks not to be retried is kept, up to a day", async () => {
  await using made = await network();
  const day = 24 * 3_600_000;
  for (
    const [headers, ms] of [
      [{ "retry-after": "120" }, 120_000],
      [{ "retry-after": "86401" }, day],
      [{ "retry-after": "9".repeat(400) }, day],
      [{ "retry-after": "soon" }, 0],
      [{ "ratelimit-reset": `${Date.now()}` }, day],
    ] as const
  ) {
    made.misbehaviour = (_request, { pathname }) =>
      pathname.endsWith("getRepo") ? new Response("", { status: 429, headers }) : null;
    await assert.rejects(readRepository(DID, options(made), signal), (error: SourceError) => {
      assert.deepEqual([error.failure, error.retryAfterMs], ["unreachable", ms]);
      return true;
    });
  }
});

for (
  const [status, failure, waitMs] of [[429, "unreachable", 120_000], [
    503,
    "unreachable",
    0,
  ]] as const
) {
  Deno.test(`after ${status} of a directory its documents are not requested for a time, but repositories are`, async () => {
    await using made = await network();
    const rested: [string, number][] = [];
    const asked: string[] = [];
    const asking = options(made, {
      rest: (server, ms) => rested.push([server, ms]),
      mayAsk: (server) => asked.push(server),
    });
    made.misbehaviour = (_, { pathname }) =>
      pathname.startsWith("/xrpc/") ? null : new Response("", {
        status,
        ...(waitMs > 0 ? { headers: { "retry-after": `${waitMs / 1000}` } } : {}),
      });
    assert.equal(await failureOf(readRepository(DID, asking, signal)), failure);
    const { host } = new URL(made.url);
    assert.deepEqual([asked, rested], [[`${host} (documents)`], [[`${host} (documents)`, waitMs]]]);
  });
}

Deno.test("a document that names the directory as its server does not pause requests to the directory", async () => {
  await using made = await network();
  const rested: string[] = [];
  made.misbehaviour = (_, { pathname }) =>
    pathname.startsWith("/xrpc/") ? new Response("not here", { status: 404 }) : null;
  const asking = options(made, { rest: (server) => rested.push(server) });
  assert.equal(await failureOf(readRepository(DID, asking, signal)), "unreachable");
  assert.deepEqual(rested, [new URL(made.url).host]);
});

Deno.test("while requests for documents are paused none is sent", async () => {
  await using made = await network();
  const busy = new SourceError("busy", "not now");
  const asking = options(made, {
    mayAsk: () => {
      throw busy;
    },
  });
  await assert.rejects(readRepository(DID, asking, signal), busy);
  assert.deepEqual(made.asked, []);
});

Deno.test("a did:web is read over TLS, from a server with a trusted certificate", async () => {
  for (
    const [certificate, rootCertificates, failure] of [
      [LOCALHOST, [AUTHORITY], null],
      [LOCALHOST, [], "unreachable"],
      [STRANGER, [AUTHORITY], "unreachable"],
      [OTHER_NAME, [AUTHORITY], "unreachable"],
    ] as const
  ) {
    await using made = new TinyNetwork(certificate);
    await made.account(made.web);
    made.put(made.web, `${SCENE}/s`, { $type: SCENE, name: "Scene" });
    const asking = options(made, { rootCertificates });
    const reading = readRepository(made.web, asking, signal);
    if (failure === null) {
      const { snapshot, verified, host } = await reading;
      assert.deepEqual([snapshot.records.length, verified], [1, true]);
      assert.equal(host, new URL(made.url).host);
      assert.deepEqual(made.asked.map((path) => path.split("?")[0]), [
        "/.well-known/did.json",
        "/xrpc/com.atproto.sync.getRepo",
      ]);
    } else {
      assert.equal(await failureOf(reading), failure);
      assert.deepEqual(made.asked, []);
    }
  }
});

Deno.test("pages that refer to themselves, have altered records or another collection are invalid", async () => {
  await using made = await network();
  const lies:
    ((listed: { records: { cid: string; uri: string }[]; cursor?: string }) => unknown)[] = [
      (listed) => ({ ...listed, cursor: "again" }),
      ({ records }) => ({ records: records.map((one) => ({ ...one, cid: records[0]?.cid })) }),
      ({ records }) => ({ records: records.map((one) => ({ ...one, uri: `at://${OTHER}/x/y` })) }),
    ];
  for (const lie of lies) {
    made.misbehaviour = async (request, url) => {
      if (!url.pathname.endsWith("listRecords")) return null;
      made.misbehaviour = () => null;
      const honest = await (await fetch(request.url)).json();
      made.misbehaviour = again;
      return Response.json(lie(honest));
    };
    const again = made.misbehaviour;
    const asking = options(made, { maxBytes: 6_000 });
    assert.equal(await failureOf(readRepository(DID, asking, signal)), "invalid");
  }
});

Deno.test("a private address gets no request, whoever names it", async () => {
  await using made = await network();
  const asking = options(made, { allowPrivate: false });
  assert.equal(await failureOf(readRepository(DID, asking, signal)), "refused");
  assert.deepEqual(made.asked, []);
});

Deno.test("a DID without a document, or of another method, has its own error", async () => {
  await using made = await network();
  assert.equal(await failureOf(readRepository(OTHER, options(made), signal)), "absent");
  assert.equal(await failureOf(readRepository("did:key:zabc", options(made), signal)), "refused");
});
