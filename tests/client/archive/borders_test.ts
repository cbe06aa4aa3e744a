/** Segments, pages and plans that end exactly where something else begins. */

import assert from "node:assert/strict";
import { blockOf, timeOf } from "../../support/jetstream/archive_file.ts";
import {
  ArchiveServer,
  FAULTS,
  json,
  plannedEntry,
  refusal,
} from "../../support/jetstream/archive_server.ts";
import { record, replay, seqsIn } from "../../support/jetstream/replayed.ts";

const MIB = 1024 * 1024;

function rows(first: number, last: number): ReturnType<typeof record>[] {
  return Array.from({ length: last - first + 1 }, (_, index) => record(first + index));
}

Deno.test("a page that ends with the first row of a block contains that row", async () => {
  for (const plannedThroughSeq of [10, 11, 12]) {
    await using server = new ArchiveServer(
      [[blockOf(rows(1, 10)), blockOf(rows(11, 20))]],
      { wholeFrom: 0 },
    );
    const segments = [plannedEntry(server.segments[0]!, 0)];
    const page = { plannedThroughSeq, sealedTipSeq: 20, segments };
    server.fail("planSnapshot", FAULTS.answers(json(200, page)));
    const { done, chunks } = replay(server);
    assert.deepEqual(await done, { cutover: 20 });
    assert.equal(server.unfired, 0);
    assert.deepEqual(seqsIn(chunks), rows(1, 20).map(({ seq }) => seq), `${plannedThroughSeq}`);
  }
});

Deno.test("a replay begins after the last processed row, also when that is the last row of its block", async () => {
  for (const cursor of [9, 10, 11]) {
    await using server = new ArchiveServer(
      [[blockOf(rows(1, 10)), blockOf(rows(11, 20))]],
      { wholeFrom: 0 },
    );
    const { done, chunks } = replay(server, { start: { cursor, timeUs: 0 } });
    await done;
    assert.deepEqual(seqsIn(chunks), rows(cursor + 1, 20).map(({ seq }) => seq), `${cursor}`);
  }
});

Deno.test("a replay from the archive's last row requests nothing, and from the row before it one row", async () => {
  for (const [cursor, expected] of [[9, [10]], [10, []]] as const) {
    await using server = new ArchiveServer([[blockOf(rows(1, 10))]], { wholeFrom: 0 });
    const { done, chunks } = replay(server, { start: { cursor, timeUs: 0 } });
    assert.deepEqual(await done, { cutover: 10 });
    assert.deepEqual(seqsIn(chunks), expected);
    assert.equal(server.plans.length, 1);
  }
});

Deno.test("a segment larger than one part is downloaded in parts of at most 4 MiB, unless a block is larger", async () => {
  const content = { $type: "app.subcult.scene", name: "x".repeat(700_000) };
  const blocks = Array.from(
    { length: 6 },
    (_, index) => blockOf([2 * index + 1, 2 * index + 2].map((seq) => record(seq, { content }))),
  );
  await using server = new ArchiveServer([blocks], { wholeFrom: 0 });
  const sizes: number[] = [];
  server.fail("getSegment", (answer, { headers }) => {
    const [first = 0, last = 0] = (headers.get("range")?.match(/\d+/g) ?? []).map(Number);
    sizes.push(last - first + 1);
    return answer;
  }, Infinity);
  const { done, chunks } = replay(server);
  await done;
  assert.deepEqual(seqsIn(chunks), Array.from({ length: 12 }, (_, index) => index + 1));
  const parts = sizes.filter((size) => size > MIB);
  assert.equal(parts.length, 3);
  for (const size of parts) assert.ok(size > 2 * MIB && size <= 4 * MIB, `${size}`);
});

Deno.test("a row without a usable time keeps the time before it", async () => {
  const later = [0, -1].map((witnessedAt, index) => record(3 + index, { witnessedAt }));
  await using server = new ArchiveServer([[
    blockOf([record(1), record(2)]),
    blockOf(later),
  ]], { wholeFrom: 0 });
  const { done, chunks } = replay(server);
  await done;
  assert.deepEqual(
    chunks.map(({ position }) => position),
    [{ cursor: 2, timeUs: timeOf(2) }, { cursor: 4, timeUs: timeOf(2) }],
  );
});

Deno.test("any number of plans may become outdated, as long as each of them makes progress", async () => {
  const segments = Array.from({ length: 9 }, (_, index) => [
    blockOf(rows(2 * index + 1, 2 * index + 2)),
  ]);
  await using server = new ArchiveServer(segments, { wholeFrom: 0 });
  server.fail("getSegment", (answer, { url }) => {
    const { afterSeq = 0 } = server.plans.at(-1) ?? {};
    const asked = server.segments.find(({ name }) => name === url.searchParams.get("name"));
    return asked?.minSeq === afterSeq + 1 ? answer : refusal(404, "SegmentNotFound", "gone");
  }, Infinity);
  const { done, chunks } = replay(server);
  assert.deepEqual(await done, { cutover: 18 });
  assert.equal(server.plans.length, 9);
  assert.deepEqual(seqsIn(chunks), rows(1, 18).map(({ seq }) => seq));
});
