import assert from "node:assert/strict";
import type { DeadLetter, DeadLetters } from "../lib/server/dead_letters.ts";
import { type Subject, subject, TOKEN } from "./server_subject.ts";

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

function withLetters(deadLetters: Partial<DeadLetters>): Subject {
  return subject({ token: TOKEN, deadLetters });
}

async function ask(under: Subject, method: string, path: string, body?: string): Promise<Response> {
  return await under.request(path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body === undefined ? {} : { body }),
  });
}

Deno.test("the list takes state, reason, limit and page, with defaults", async () => {
  const asked: unknown[] = [];
  const under = withLetters({
    list: (query) => {
      asked.push(query);
      return Promise.resolve([]);
    },
  });
  await ask(under, "GET", "/api/dead-letters");
  await ask(
    under,
    "GET",
    "/api/dead-letters?state=resolved&reason=invalid_type&limit=200&before=17",
  );
  assert.deepEqual(asked, [
    { state: "open", limit: 50 },
    { state: "resolved", reason: "invalid_type", limit: 200, before: 17 },
  ]);
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
  };
  for (const [query, name] of Object.entries(table)) {
    const response = await ask(withLetters({}), "GET", `/api/dead-letters?${encodeURI(query)}`);
    assert.equal(response.status, 400, query);
    const { error, message } = await response.json();
    assert.equal(error, "invalid_parameter");
    assert.match(message, new RegExp(`^cannot use ${name}: expected `));
    assert.doesNotMatch(message, /script|1=1|all/);
  }
});

Deno.test("one letter is shown with what is kept of it, or not found", async () => {
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

Deno.test("letters are retried one, by reason, or all", async () => {
  const asked: unknown[] = [];
  const under = withLetters({
    retry: (selection) => {
      asked.push(selection);
      return Promise.resolve({ tried: 2, resolved: 1 });
    },
  });
  const one = await ask(under, "POST", "/api/dead-letters/5/retry");
  assert.deepEqual(await one.json(), { tried: 2, resolved: 1 });
  await ask(under, "POST", "/api/dead-letters/retry", '{"reason":"invalid_type"}');
  await ask(under, "POST", "/api/dead-letters/retry", "{}");
  await ask(under, "POST", "/api/dead-letters/retry");
  assert.deepEqual(asked, [{ id: 5 }, { reason: "invalid_type" }, {}, {}]);
  assert.equal(under.logLines.length, 4);
  assert.match(under.logLines[0] ?? "", /retried by an operator.*"id":5,"tried":2,"resolved":1/);
});

Deno.test("a letter that can't be retried is a conflict", async () => {
  const under = withLetters({ retry: () => Promise.resolve({ tried: 0, resolved: 0 }) });
  const response = await ask(under, "POST", "/api/dead-letters/5/retry");
  assert.equal(response.status, 409);
  assert.equal((await response.json()).error, "not_retriable");
});

Deno.test("a body that is not what is asked for retries nothing", async () => {
  const bodies = ["x", "[]", "null", '{"reason":"nonsense"}', '{"reasons":"x"}', '{"__proto__":1}'];
  for (const body of bodies) {
    const response = await ask(withLetters({}), "POST", "/api/dead-letters/retry", body);
    assert.equal(response.status, 400, body);
    assert.equal((await response.json()).error, "invalid_body");
  }
});

Deno.test("a letter is discarded once", async () => {
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
