import assert from "node:assert/strict";
import type { DeadLetters } from "../../../lib/repository/dead_letters/dead_letter_store.ts";
import type { DeadLetter } from "../../../lib/repository/dead_letters/dead_letters.ts";
import type { RetryDeadLetters } from "../../../lib/server/dead_letters/retry.ts";
import { type Subject, subject, TOKEN } from "../../support/server_subject.ts";

function letter(id: number): DeadLetter {
  return {
    id,
    reason: "invalid_type",
    detail: "name is a number",
    did: "did:plc:x",
    collection: "app.subcult.scene",
    rkey: "r",
    rev: "3k",
    attempts: 0,
    nextAttemptAt: null,
    createdAt: new Date("2026-11-24T12:00:00Z"),
    resolvedAt: null,
    resolution: null,
  };
}

function withLetters(deadLetters: Partial<DeadLetters>, retry?: RetryDeadLetters): Subject {
  return subject({
    token: TOKEN,
    deadLetters: { count: () => Promise.resolve(0), ...deadLetters },
    ...(retry === undefined ? {} : { retry }),
  });
}

async function ask(under: Subject, method: string, path: string, body?: string): Promise<Response> {
  return await under.request(path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body === undefined ? {} : { body }),
  });
}

Deno.test("the list accepts state, filter, limit and page, with defaults", async () => {
  const asked: unknown[] = [];
  const counted: unknown[] = [];
  const under = withLetters({
    list: (query) => {
      asked.push(query);
      return Promise.resolve([]);
    },
    count: (filter) => {
      counted.push(filter);
      return Promise.resolve(17);
    },
  });
  const first = await ask(under, "GET", "/api/dead-letters");
  assert.equal((await first.json()).total, 17);
  const query = "state=resolved&reason=invalid_type&collection=app.subcult.*&did=did:plc:x" +
    "&olderThan=2026-01-02T03:04:05Z&newerThan=2026-01-01T00:00:00Z&limit=200&before=17";
  await ask(under, "GET", `/api/dead-letters?${query}`);
  const filter = {
    state: "resolved",
    reason: "invalid_type",
    collection: "app.subcult.*",
    did: "did:plc:x",
    olderThan: new Date("2026-01-02T03:04:05Z"),
    newerThan: new Date("2026-01-01T00:00:00Z"),
  };
  assert.deepEqual(asked, [
    { state: "open", limit: 50 },
    { ...filter, limit: 200, before: 17 },
  ]);
  // The total is that of the filter, not of the page.
  assert.deepEqual(counted, [{ state: "open" }, filter]);
});

Deno.test("dead letters are discarded by a filter only with the number that it matches", async () => {
  const asked: unknown[] = [];
  const under = withLetters({
    discardAll: (filter, count) => {
      asked.push([filter, count]);
      return Promise.resolve(count === 3);
    },
  });
  const path = "/api/dead-letters/discard";
  const done = await ask(under, "POST", path, '{"reason":"invalid_type","count":3}');
  assert.deepEqual(await done.json(), { discarded: 3 });
  const differs = await ask(under, "POST", path, '{"count":4}');
  assert.equal(differs.status, 409);
  assert.equal((await differs.json()).error, "count_differs");
  for (const body of ["", "{}", '{"reason":"invalid_type"}', '{"count":"3"}', '{"count":-1}']) {
    assert.equal((await ask(under, "POST", path, body)).status, 400, body);
  }
  assert.deepEqual(asked, [[{ reason: "invalid_type" }, 3], [{}, 4]]);
});

Deno.test("a full page names the next one, a short page none", async () => {
  const under = withLetters({ list: () => Promise.resolve([letter(9), letter(7)]) });
  const full = await (await ask(under, "GET", "/api/dead-letters?limit=2")).json();
  assert.equal(full.next, 7);
  assert.deepEqual(full.deadLetters[0], JSON.parse(JSON.stringify(letter(9))));
  const short = await (await ask(under, "GET", "/api/dead-letters?limit=3")).json();
  assert.equal(short.next, null);
});

Deno.test("parameters that can't be used are named, and never repeated", async () => {
  const table = {
    "state=all": "state",
    "reason=' or 1=1": "reason",
    "limit=0": "limit",
    "limit=201": "limit",
    "limit=1e2": "limit",
    "before=-1": "before",
    "before=99999999999999999": "before",
    "before=<script>": "before",
    "collection=<script>": "collection",
    "did=alice": "did",
    "olderThan=1=1": "olderThan",
    "newerThan=7w": "newerThan",
  };
  for (const [query, name] of Object.entries(table)) {
    const response = await ask(withLetters({}), "GET", `/api/dead-letters?${encodeURI(query)}`);
    assert.equal(response.status, 400, query);
    const { error, message } = await response.json();
    assert.equal(error, "invalid_parameter");
    assert.match(message, new RegExp(`^cannot use ${name}: expected `));
    assert.doesNotMatch(message, /script|1=1|\ball\b/);
  }
});

Deno.test("one dead letter is shown with its content, or not found", async () => {
  const under = withLetters({
    show: (id) => Promise.resolve(id === 5 ? { ...letter(5), payload: { record: null } } : null),
  });
  assert.deepEqual((await (await ask(under, "GET", "/api/dead-letters/5")).json()).payload, {
    record: null,
  });
  for (const id of ["6", "0", "abc", "5;drop", "1e1", "-5", "%00"]) {
    assert.equal((await ask(under, "GET", `/api/dead-letters/${id}`)).status, 404, id);
  }
});

Deno.test("dead letters are retried one by one, by reason, or all", async () => {
  const asked: unknown[] = [];
  const result = { tried: 2, resolved: 1, letters: [{ id: 5, why: "refused again" }] };
  const under = withLetters({}, (selection) => {
    asked.push(selection);
    return Promise.resolve(result);
  });
  const one = await ask(under, "POST", "/api/dead-letters/5/retry");
  assert.deepEqual(await one.json(), result);
  await ask(under, "POST", "/api/dead-letters/retry", '{"reason":"invalid_type"}');
  await ask(under, "POST", "/api/dead-letters/retry", "{}");
  await ask(under, "POST", "/api/dead-letters/retry");
  assert.deepEqual(asked, [{ id: 5 }, { reason: "invalid_type" }, {}, {}]);
  assert.equal(under.logLines.length, 4);
  assert.match(under.logLines[0] ?? "", /retried by an operator.*"id":5,"tried":2,"resolved":1/);
});

Deno.test("a dead letter that can't be retried is a conflict", async () => {
  const under = withLetters({}, () => Promise.resolve({ tried: 0, resolved: 0, letters: [] }));
  const response = await ask(under, "POST", "/api/dead-letters/5/retry");
  assert.equal(response.status, 409);
  assert.equal((await response.json()).error, "not_retriable");
});

Deno.test("a request with an invalid body retries nothing", async () => {
  const bodies = ["x", "[]", "null", '{"reasons":"x"}', '{"__proto__":1}', '{"did":7}'];
  for (const body of bodies) {
    const response = await ask(withLetters({}), "POST", "/api/dead-letters/retry", body);
    assert.equal(response.status, 400, body);
    assert.equal((await response.json()).error, "invalid_body");
  }
  for (const body of ['{"reason":"nonsense"}', '{"did":"alice"}', '{"olderThan":"soon"}']) {
    const response = await ask(withLetters({}), "POST", "/api/dead-letters/retry", body);
    assert.equal(response.status, 400, body);
    assert.equal((await response.json()).error, "invalid_parameter");
  }
});

Deno.test("a dead letter is discarded once", async () => {
  const open = new Set([5]);
  const under = withLetters({ discard: (id) => Promise.resolve(open.delete(id)) });
  const first = await ask(under, "POST", "/api/dead-letters/5/discard");
  assert.deepEqual(await first.json(), { discarded: true });
  assert.equal((await ask(under, "POST", "/api/dead-letters/5/discard")).status, 404);
});

Deno.test("reading never changes anything: a retry by GET is refused", async () => {
  for (const path of ["/api/dead-letters/5/retry", "/api/dead-letters/5/discard"]) {
    assert.equal((await ask(withLetters({}), "GET", path)).status, 405);
  }
});
