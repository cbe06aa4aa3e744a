import { encode } from "@atcute/cbor";
import assert from "node:assert/strict";
import {
  ArchiveDamagedError,
  ArchiveStalledError,
} from "../../../lib/client/archive/archive_error.ts";
import { blockOf, timeOf } from "../../support/jetstream/archive_file.ts";
import {
  ArchiveServer,
  type Fault,
  FAULTS,
  json,
  plannedEntry,
  refusal,
} from "../../support/jetstream/archive_server.ts";
import {
  mixedArchive,
  POSTS,
  record,
  replay,
  seqsIn,
  wantedSeqs,
} from "../../support/jetstream/replayed.ts";

const FOREIGN = { collection: POSTS };

Deno.test("a new plan begins after the last segment, although its last rows were removed", async () => {
  await using server = new ArchiveServer([
    [blockOf([record(1, FOREIGN), record(2, FOREIGN), record(3, FOREIGN)], 1, 10)],
    [blockOf([record(11), record(12)])],
  ], { wholeFrom: 0, selectsAll: true });
  let isGone = false;
  server.fail("getSegment", (answer, { url }) => {
    if (isGone || url.searchParams.get("name") !== server.segments[1]!.name) return answer;
    isGone = true;
    return refusal(404, "SegmentNotFound", "gone");
  }, Infinity);
  const told: number[] = [];
  const { done, chunks } = replay(server);
  const notes: Fault = (answer) => {
    told.push(chunks.at(-1)?.position.cursor ?? 0);
    return answer;
  };
  server.fail("planSnapshot", notes, 2);
  await done;
  assert.ok(isGone);
  assert.deepEqual(server.plans.map(({ afterSeq }) => afterSeq), [0, 10]);
  assert.deepEqual(told, [0, 10]);
  assert.deepEqual(seqsIn(chunks), [11, 12]);
});

Deno.test("a page of a plan ends at the end of its answer's archive, or of the first page's archive", async () => {
  for (const [plannedThroughSeq, sealedTipSeq] of [[40, 30], [50, 50]]) {
    await using server = new ArchiveServer(mixedArchive(1, 4, 10), { wholeFrom: 2, maxEntries: 1 });
    const page = { plannedThroughSeq, sealedTipSeq, segments: [] };
    const segments = [plannedEntry(server.segments[0]!, 0, [{ first: 0, last: 0 }])];
    const first = { plannedThroughSeq: 10, sealedTipSeq: 40, segments };
    server.fail("planSnapshot", FAULTS.answers(json(200, first)));
    server.fail("planSnapshot", FAULTS.answers(json(200, page)));
    const { done, chunks } = replay(server);
    await assert.rejects(done, ArchiveStalledError);
    assert.equal(server.unfired, 0);
    assert.equal(chunks.at(-1)?.position.cursor, 10);
  }
});

Deno.test("rows outside of their segment's bounds mean that the block is a wrong one", async () => {
  for (const bounds of [{ minSeq: 6 }, { maxSeq: 7 }]) {
    await using server = new ArchiveServer([[
      blockOf([record(5), record(6), record(7), record(8)]),
    ]]);
    const entry = plannedEntry(server.segments[0]!, 0, [{ first: 0, last: 0 }]);
    const page = { plannedThroughSeq: 8, sealedTipSeq: 8, segments: [{ ...entry, ...bounds }] };
    server.fail("planSnapshot", FAULTS.answers(json(200, page)), Infinity);
    const { done, chunks } = replay(server);
    await assert.rejects(done, ArchiveDamagedError);
    assert.deepEqual(chunks, []);
  }
});

Deno.test("a valid file that is not the planned one is rejected despite the plan's ETag", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 3, 20), { wholeFrom: 0 });
  await using other = new ArchiveServer(mixedArchive(1, 3, 20));
  other.compact(0, ({ seq }) => seq % 2 === 0);
  const { file } = other.segments[0]!;
  server.fail("getSegment", (answer, { headers }) => {
    const [first = 0, last = 0] = (headers.get("range")?.match(/\d+/g) ?? []).map(Number);
    const end = Math.min(last, file.length - 1);
    const range = { "Content-Range": `bytes ${first}-${end}/${file.length}` };
    const body = file.subarray(first, end + 1);
    return { ...answer, status: 206, headers: { ...answer.headers, ...range }, body };
  }, Infinity);
  const { done, chunks } = replay(server);
  await assert.rejects(done, ArchiveDamagedError);
  assert.deepEqual(chunks, []);
});

Deno.test("the bytes of a chunk are those of its own events", async () => {
  const long = { ...FOREIGN, content: { $type: POSTS, text: "x".repeat(5000) } };
  const rows = [record(1, long), record(2), record(3, long), record(4), record(5)];
  await using server = new ArchiveServer([[blockOf(rows)]]);
  const { done, chunks } = replay(server, { start: { cursor: 2, timeUs: 0 } });
  await done;
  assert.deepEqual(seqsIn(chunks), [4, 5]);
  const own = rows.slice(3).map(({ content }) => encode(content).length);
  assert.deepEqual(chunks.map(({ bytes }) => bytes), [own[0]! + own[1]!]);
});

Deno.test("a plan with processed segments does not move the position back", async () => {
  await using server = new ArchiveServer(mixedArchive(3, 1, 20), { wholeFrom: 0 });
  const segments = server.segments.map((segment, index) => plannedEntry(segment, index));
  const page = { plannedThroughSeq: 60, sealedTipSeq: 60, segments };
  server.fail("planSnapshot", FAULTS.answers(json(200, page)));
  const { done, chunks } = replay(server, { start: { cursor: 25, timeUs: 0 } });
  await done;
  assert.equal(server.unfired, 0);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows).filter((seq) => seq > 25));
});

Deno.test("a segment without wanted blocks is skipped, and the next segment is read", async () => {
  await using server = new ArchiveServer(mixedArchive(2, 2, 10));
  const segments = server.segments.map((segment, index) =>
    plannedEntry(segment, index, index === 0 ? [] : [{ first: 0, last: 1 }])
  );
  const page = { plannedThroughSeq: 40, sealedTipSeq: 40, segments };
  server.fail("planSnapshot", FAULTS.answers(json(200, page)));
  const { done, chunks } = replay(server);
  assert.deepEqual(await done, { cutover: 40 });
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows).filter((seq) => seq > 20));
});

Deno.test("a plan that would take many times its size when parsed is rejected before parsing", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 10));
  const body = new TextEncoder().encode(`[${"[],".repeat(1_000_001)}[]]`);
  server.fail("planSnapshot", FAULTS.answers({ status: 200, headers: {}, body }), Infinity);
  const { done } = replay(server);
  await assert.rejects(done, /lists and objects, expected at most 1000000/);
});

Deno.test("the row at the stored position, or the last one before it, shows whether the numbers are still the same", async () => {
  const rows = [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => record(seq));
  const without5 = rows.filter(({ seq }) => seq !== 5);
  const cases = [
    { stored: rows, mark: `${timeOf(5)} did:plc:a 3k`, plans: [4], first: 5 },
    { stored: without5, mark: `${timeOf(5)} did:plc:a 3k`, plans: [4], first: 6 },
    { stored: without5, mark: `${timeOf(4)} did:plc:a 3k`, plans: [4], first: 6 },
    { stored: rows, mark: undefined, plans: [5], first: 6 },
    { stored: rows, mark: `${timeOf(4)} did:plc:a 3k`, plans: [4, 0], first: 1 },
    { stored: rows, mark: `${timeOf(6)} did:plc:a 3k`, plans: [4, 0], first: 1 },
    { stored: without5, mark: `${timeOf(4) - 1} did:plc:a 3k`, plans: [4, 0], first: 1 },
  ];
  for (const { stored, mark, plans, first } of cases) {
    await using server = new ArchiveServer([[blockOf(stored, 1, 8)]]);
    const start = { cursor: 5, timeUs: timeOf(5), ...(mark === undefined ? {} : { mark }) };
    const { done, chunks, notices } = replay(server, { start });
    await done;
    const what = `${stored.length} rows, mark ${mark}`;
    assert.deepEqual(server.plans.map(({ afterSeq }) => afterSeq), plans, what);
    assert.equal(seqsIn(chunks)[0], first, what);
    assert.deepEqual(notices.map(({ code }) => code), plans.length > 1 ? ["renumbered"] : [], what);
  }
});
