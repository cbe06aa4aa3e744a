import assert from "node:assert/strict";
import { ArchiveStalledError } from "../../../lib/client/archive/archive_error.ts";
import { readSegmentHeader } from "../../../lib/decoder/archive/segment.ts";
import type { Position } from "../../../lib/decoder/event.ts";
import { blockOf, segmentOf, timeOf } from "../../support/jetstream/archive_file.ts";
import {
  ArchiveServer,
  FAULTS,
  json,
  plannedEntry,
} from "../../support/jetstream/archive_server.ts";
import {
  archiveFormat,
  DIDS,
  eventsIn,
  marker,
  mixedArchive,
  positionOf,
  POSTS,
  record,
  replay,
  seqsIn,
  wantedSeqs,
} from "../../support/jetstream/replayed.ts";
import { CORPUS_MISSING, corpusFile, WITHOUT_CORPUS } from "../../support/corpus.ts";

for (const [mode, wholeFrom] of [["segments", 0], ["blocks", 2]] as const) {
  Deno.test(`an archive of ${mode} is delivered completely, in order, up to its end`, async () => {
    await using server = new ArchiveServer(mixedArchive(3, 4, 50), { wholeFrom });
    const { done, chunks } = replay(server);
    assert.deepEqual(await done, { cutover: 600 });
    assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
    assert.deepEqual(chunks.at(-1)?.position, { cursor: 600, timeUs: timeOf(600) });
    assert.equal(server.asked(mode === "blocks" ? "getSegment" : "getBlock").length, 0);
    // Of a compressed answer, neither the length nor the range could be checked.
    const codings = server.requests.map(({ headers }) => headers.get("accept-encoding"));
    assert.deepEqual([...new Set(codings)], ["identity"]);
  });
}

Deno.test("every row is counted once, as an event or as skipped", async () => {
  await using server = new ArchiveServer(mixedArchive(2, 3, 300));
  const { done, chunks } = replay(server);
  await done;
  const passed = chunks.reduce((sum, chunk) => sum + chunk.passed, 0);
  assert.equal(passed + eventsIn(chunks).length, 1800);
});

Deno.test("a chunk is small, however large its block is", async () => {
  await using server = new ArchiveServer([[
    blockOf(Array.from({ length: 2000 }, (_, i) => record(i + 1))),
    blockOf([1, 2, 3].map((i) => record(2000 + i, { content: { text: "x".repeat(700_000) } }))),
  ]]);
  const { done, chunks } = replay(server);
  await done;
  assert.equal(eventsIn(chunks).length, 2003);
  assert.ok(chunks.every(({ events }) => events.length <= 256));
  assert.deepEqual(chunks.slice(-2).map(({ events }) => events.length), [2, 1]);
  assert.ok(chunks.at(-1)!.bytes > 700_000);
});

Deno.test("account events of all accounts are delivered with the commits: the plan requests every kind", async () => {
  await using server = new ArchiveServer([[
    blockOf([record(1, { did: DIDS[0] }), record(2, { collection: POSTS })]),
    blockOf([marker(3, "account", DIDS[0]), marker(4, "sync", DIDS[1]), marker(5, "identity")]),
    blockOf([record(6, { collection: POSTS })]),
  ]]);
  const { done, chunks } = replay(server);
  await done;
  assert.deepEqual(eventsIn(chunks).map(({ kind }) => kind), [
    "commit",
    "account",
    "sync",
    "identity",
  ]);
  assert.deepEqual(server.plans, [{ collections: ["app.subcult.*"], afterSeq: 0 }]);
});

Deno.test("the filter of accounts applies to commits and to account events", async () => {
  await using server = new ArchiveServer(mixedArchive(2, 2, 60), { wholeFrom: 0 });
  const filter = { collections: ["app.subcult.*"], dids: [DIDS[1]] };
  const { done, chunks } = replay(server, { filter });
  await done;
  const wanted = server.rows.filter(({ did }) => did === DIDS[1]);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(wanted));
  assert.deepEqual(server.plans[0], { ...filter, afterSeq: 0 });
});

Deno.test("pages follow each other up to the end in the first page; later segments are not read", async () => {
  await using server = new ArchiveServer(mixedArchive(3, 2, 20), { maxEntries: 1 });
  const wanted = wantedSeqs(server.rows);
  const { done, chunks } = replay(server, {
    deliver: () => {
      if (server.segments.length > 3) return;
      const later = blockOf(Array.from({ length: 20 }, (_, i) => record(121 + i)));
      server.segments.push(segmentOf(3, [later]));
    },
  });
  assert.deepEqual(await done, { cutover: 120 });
  assert.deepEqual(seqsIn(chunks), wanted);
  assert.deepEqual(
    server.plans.map(({ afterSeq, beforeSeq }) => [afterSeq, beforeSeq]),
    [[0, undefined], [40, 120], [80, 120]],
  );
});

Deno.test("a page that ends within a segment is continued after its last block", async () => {
  const blocks = Array.from(
    { length: 6 },
    (_, i) =>
      blockOf(
        [10 * i + 1, 10 * i + 2].map((seq) =>
          record(seq, i % 2 === 0 ? {} : { collection: POSTS })
        ),
      ),
  );
  await using server = new ArchiveServer([blocks], { maxEntries: 1 });
  const { done, chunks } = replay(server);
  assert.deepEqual(await done, { cutover: 52 });
  assert.deepEqual(seqsIn(chunks), [1, 2, 21, 22, 41, 42]);
  assert.deepEqual(server.plans.map(({ afterSeq }) => afterSeq), [0, 2, 22, 42]);
});

Deno.test("an empty archive delivers nothing, and the live stream begins at its start", async () => {
  await using server = new ArchiveServer([]);
  const { done, chunks } = replay(server);
  assert.deepEqual(await done, { cutover: 0 });
  assert.deepEqual(chunks, []);
});

Deno.test("a start after the archive's end downloads nothing and keeps its position", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 1, 10));
  const { done, chunks } = replay(server, { start: { cursor: 25, timeUs: 7 } });
  assert.deepEqual(await done, { cutover: 25 });
  assert.deepEqual(chunks, []);
  assert.equal(server.requests.length, 1);
});

Deno.test("T11 the position advances over unwanted rows", async () => {
  const blocks = Array.from(
    { length: 5 },
    (_, i) =>
      blockOf([record(2 * i + 1, { collection: POSTS }), record(2 * i + 2, { collection: POSTS })]),
  );
  await using server = new ArchiveServer([blocks]);
  const { done, chunks } = replay(server);
  assert.deepEqual(await done, { cutover: 10 });
  assert.deepEqual(chunks, [{
    events: [],
    bytes: 0,
    passed: 0,
    position: { cursor: 10, timeUs: 0 },
  }]);
});

Deno.test("T11 unwanted rows are reported every two seconds, not at every block", async () => {
  const blocks = Array.from(
    { length: 6 },
    (_, i) => blockOf([record(i + 1, { collection: POSTS })]),
  );
  await using server = new ArchiveServer([[...blocks, blockOf([record(7)])]], {
    wholeFrom: 2,
    selectsAll: true,
  });
  const { clock, done, chunks } = replay(server, {
    fetch: (input, init) => {
      clock.pass(700);
      return fetch(input, init);
    },
    limits: { tasks: 1, bytes: 1 },
  });
  await done;
  assert.deepEqual(chunks.map(({ position, passed }) => [position.cursor, passed]), [
    [2, 2],
    [5, 3],
    [7, 1],
  ]);
});

Deno.test("a replay that was stopped anywhere resumes there, without loss and in order", async () => {
  const segments = mixedArchive(2, 3, 30);
  for (const [maxEntries, wholeFrom] of [[1, 0], [2, 2]] as const) {
    await using server = new ArchiveServer(segments, { maxEntries, wholeFrom });
    const wanted = wantedSeqs(server.rows);
    for (let kept = 0; kept <= wanted.length; kept += 5) {
      const crash = new Error("crashed");
      let committed: Position | null = null;
      const durable: number[] = [];
      const first = replay(server, {
        // A batch may end at any event; its position is then that event's own.
        deliver: ({ events, position }) => {
          for (const event of events) {
            if (durable.length === kept) throw crash;
            committed = positionOf(event);
            durable.push(committed!.cursor);
          }
          committed = position;
        },
      });
      if (kept < wanted.length) await assert.rejects(first.done, crash);
      else await first.done;
      const second = replay(server, { start: committed });
      assert.deepEqual(await second.done, { cutover: 180 });
      assert.deepEqual([...durable, ...seqsIn(second.chunks)], wanted);
    }
  }
});

Deno.test("a restart downloads only the remaining blocks of a segment", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 8, 25), { wholeFrom: 0 });
  const { done, chunks } = replay(server, { start: { cursor: 110, timeUs: timeOf(110) } });
  await done;
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows).filter((seq) => seq > 110));
  const [{ file, blocks }] = server.segments as [typeof server.segments[number]];
  const ranges = server.asked("getSegment").map(({ headers }) => headers.get("range"));
  const skipped = blocks.slice(0, 4).reduce((sum, { frame }) => sum + 8 + frame.length, 256);
  const footer = blocks.slice(4).reduce((sum, { frame }) => sum + 8 + frame.length, skipped);
  assert.deepEqual(ranges, [
    "bytes=0-255",
    `bytes=${footer}-${file.length - 1}`,
    `bytes=${skipped}-${footer - 1}`,
  ]);
});

Deno.test("a restart within a large block delivers only new rows", async () => {
  const rows = Array.from({ length: 2000 }, (_, i) => record(i + 1));
  await using server = new ArchiveServer([[blockOf(rows)]]);
  const whole = replay(server);
  await whole.done;
  const { done, chunks } = replay(server, { start: { cursor: 1500, timeUs: timeOf(1500) } });
  await done;
  assert.deepEqual(seqsIn(chunks), rows.slice(1500).map(({ seq }) => seq));
  assert.deepEqual(chunks.map(({ position }) => position.cursor), [1756, 2000]);
  const bytesOf = (all: typeof chunks): number => all.reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(Math.abs(bytesOf(chunks) / bytesOf(whole.chunks) - 0.25) < 0.01);
});

Deno.test("blocks that are not adjacent in the file are fetched one by one", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 4, 10), { wholeFrom: 0 });
  const format = archiveFormat(["app.subcult.*"]);
  const { done, chunks } = replay(server, {
    format: {
      ...format,
      segmentIndex: (...parts) => format.segmentIndex(...parts).filter((_, i) => i !== 2),
    },
  });
  await done;
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows).filter((seq) => seq <= 20 || seq > 30));
  assert.equal(server.asked("getSegment").length, 4);
});

Deno.test("the position does not pass the end of the page, although the segment has more rows", async () => {
  await using server = new ArchiveServer(mixedArchive(1, 4, 10), { wholeFrom: 0 });
  const segment = server.segments[0]!;
  const page = { plannedThroughSeq: 15, sealedTipSeq: 40, segments: [plannedEntry(segment, 0)] };
  server.fail("planSnapshot", FAULTS.answers(json(200, page)));
  const { done, chunks } = replay(server);
  await done;
  assert.equal(server.unfired, 0);
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
  assert.ok(chunks.some(({ position }) => position.cursor === 15));
  // Only the part of the file that the page covers.
  const end = segment.blocks.slice(0, 2).reduce((sum, { frame }) => sum + 8 + frame.length, 256);
  assert.equal(server.asked("getSegment")[2]?.headers.get("range"), `bytes=256-${end - 1}`);
});

for (
  const [name, page] of [
    ["doesn't advance", { plannedThroughSeq: 0, sealedTipSeq: 40, segments: [] }],
    ["goes beyond the tip", { plannedThroughSeq: 50, sealedTipSeq: 40, segments: [] }],
  ] as const
) {
  Deno.test(`a plan that ${name} ends the replay`, async () => {
    await using server = new ArchiveServer(mixedArchive(1, 4, 10));
    server.fail("planSnapshot", FAULTS.answers(json(200, page)));
    const { done, chunks } = replay(server);
    await assert.rejects(done, ArchiveStalledError);
    assert.equal(server.unfired, 0);
    assert.deepEqual(chunks, []);
  });
}

Deno.test("blocks without any rows after compaction are valid", async () => {
  await using server = new ArchiveServer(mixedArchive(2, 3, 10), { wholeFrom: 0 });
  server.compact(0, ({ seq }) => seq > 10 && seq <= 20);
  server.compact(1, () => false);
  const { done, chunks } = replay(server);
  assert.deepEqual(await done, { cutover: 60 });
  assert.deepEqual(seqsIn(chunks), wantedSeqs(server.rows));
  assert.equal(chunks.at(-1)?.position.cursor, 60);
});

Deno.test("an invalid row becomes a malformed event and does not affect its neighbours", async () => {
  await using server = new ArchiveServer([[
    blockOf([record(1), record(2, { rev: "not a rev" }), record(3)]),
  ]]);
  const { done, chunks } = replay(server);
  await done;
  assert.deepEqual(eventsIn(chunks).map(({ kind }) => kind), ["commit", "malformed", "commit"]);
});

Deno.test(`a segment of the reference server is replayed${WITHOUT_CORPUS}`, {
  ignore: CORPUS_MISSING,
}, async () => {
  const file = corpusFile("corpus/golden_corpus_segment.jss")!;
  const { checksum, minSeq, maxSeq } = readSegmentHeader(file);
  await using server = new ArchiveServer([]);
  const segment = { name: "seg_0000000000.jss", checksum, minSeq, maxSeq, blocks: [], file };
  server.segments.push(segment);
  const segments = [plannedEntry(segment, 0)];
  const page = { plannedThroughSeq: maxSeq, sealedTipSeq: maxSeq, segments };
  server.fail("planSnapshot", FAULTS.answers(json(200, page)));
  const { done, chunks } = replay(server, { filter: { collections: ["app.bsky.*"], dids: [] } });
  assert.deepEqual(await done, { cutover: maxSeq });
  const rows = eventsIn(chunks).length + chunks.reduce((sum, { passed }) => sum + passed, 0);
  assert.equal(rows, 23);
  assert.ok(eventsIn(chunks).every(({ kind }) => kind === "commit"));
});
