/** The whole program on a real database, with every protocol. */

import { encode, toBytes } from "@atcute/cbor";
import assert from "node:assert/strict";
import { readCursor } from "../../lib/repository/batch/cursor.ts";
import { Program } from "../support/crash/in_process.ts";
import { databaseTest } from "../support/database.ts";
import { carOf, firehoseFrame, linkTo } from "../support/decoder_binary_samples.ts";
import { DICTIONARY } from "../support/decoder_zstd_samples.ts";
import { frameOf, timeOf } from "../support/jetstream/archive_file.ts";
import { ArchiveServer } from "../support/jetstream/archive_server.ts";
import {
  type ArchiveTest,
  archiveTest,
  CONVERGED,
  liveScenes,
  planned,
} from "../support/jetstream/history.ts";
import { OneOrigin } from "../support/jetstream/one_origin.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { ScriptedServer } from "../support/jetstream/server.ts";
import { didOf, SampleEvents, tidAt } from "../support/sample_events.ts";
import { corpusFile, WITHOUT_CORPUS } from "../support/corpus.ts";

/** A frame of a message that names a dictionary, as compressed connections send them; no content size. */
function zstdFrame(text: string, dictionaryId: number): Uint8Array {
  const frame = frameOf(new TextEncoder().encode(text));
  const named = new Uint8Array(frame.length + 4);
  named.set(frame.subarray(0, 6));
  // The flag that four bytes of dictionary id follow.
  named[4] = (frame[4] ?? 0) | 0x03;
  new DataView(named.buffer).setUint32(6, dictionaryId, true);
  named.set(frame.subarray(6), 10);
  return named;
}

const V2_DICTIONARY = 77;
const V1_DICTIONARY = 1612007021;

databaseTest(
  "T15 v2 is read compressed, and frames without a content size are",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    const compress = (text: string): Uint8Array => zstdFrame(text, V2_DICTIONARY);
    await using server = new ReplayServer({
      zstd: { id: V2_DICTIONARY, dictionary: DICTIONARY, compress },
    });
    const last = server.push(
      events.put("alice/scene/a"),
      events.put("alice/scene/b"),
      events.delete("alice/scene/a"),
      events.put("bob/scene/c"),
      events.account("bob", false, "deleted"),
    );
    const env = { JETSTREAM_COMPRESS: "true" };
    await using program = new Program({ databaseUrl: url, streamUrl: server.v2Url, env });
    await program.committed(last);
    const query = server.peers.findLast(({ isAccepted }) => isAccepted)?.request.query;
    assert.equal(query?.get("zstdDictionary"), String(V2_DICTIONARY));
    assert.deepEqual(await liveScenes(sql), ["b"]);
    assert.equal(program.counts.dead_letter, 0);
  },
);

const v1Dictionary = corpusFile("dictionaries/legacy_subscribe.zdict");

databaseTest(
  `v1 is read compressed${WITHOUT_CORPUS}`,
  async ({ url, sql }) => {
    if (v1Dictionary === null) return;
    const events = new SampleEvents();
    const compress = (text: string): Uint8Array => zstdFrame(text, V1_DICTIONARY);
    await using server = new ReplayServer({
      zstd: { id: V1_DICTIONARY, dictionary: v1Dictionary, compress },
    });
    const last = server.push(events.put("alice/scene/a"), events.put("alice/scene/b"));
    const env = {
      JETSTREAM_COMPRESS: "true",
      JETSTREAM_DICTIONARY_URL:
        `http://127.0.0.1:${server.port}/xrpc/network.bsky.jetstream.getZstdDictionary`,
    };
    await using program = new Program({ databaseUrl: url, streamUrl: server.url, env });
    await program.committed(last);
    const query = server.peers.findLast(({ isAccepted }) => isAccepted)?.request.query;
    assert.equal(query?.get("compress"), "true");
    assert.deepEqual(await liveScenes(sql), ["a", "b"]);
  },
);

databaseTest(
  "v2: every kind of event, its notices, and an error at the end",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    await using server = new ReplayServer();
    const info = { $type: "network.bsky.jetstream.subscribeEvents#info", name: "OutdatedCursor" };
    const last = server.push(
      events.put("alice/scene/old"),
      events.sync("alice"),
      events.put("alice/scene/new"),
      events.identity("alice", "alice.example"),
      events.put("bob/scene/hidden"),
      events.account("bob", false, "takendown"),
      events.put("carol/scene/last"),
    );
    server.push(
      '{"$type":"later","payload":{}}',
      JSON.stringify({ $type: "message", payload: info }),
      '{"$type":"error","error":"ConsumerTooSlow","message":"too slow"}',
    );
    await using program = new Program({ databaseUrl: url, streamUrl: server.v2Url });
    await program.committed(last);
    await program.until(() =>
      ["outdated_cursor", "server_error"].every((code) =>
        program.log.some(({ notice }) => notice === code)
      )
    );
    assert.deepEqual(await liveScenes(sql), ["last", "new"]);
    assert.equal((await readCursor(sql, "default"))?.cursor, last);
    assert.equal(program.counts.dead_letter, 0);
  },
);

archiveTest(
  "T9 the archive is replayed, including a rebuilt repository, and the live stream continues",
  { startFrom: "archive", maxEntries: 1 },
  async ({ history, live, last, sql, options }) => {
    await using program = new Program(options);
    await program.committed(last);
    assert.deepEqual(await liveScenes(sql), CONVERGED);
    assert.deepEqual(live.peers.map(({ request }) => request.query.get("cursor")), ["11"]);
    assert.deepEqual(planned(history), [0, 6]);
    assert.deepEqual([program.counts.dead_letter, program.counts.waiting], [0, 0]);
    assert.ok(program.said("replaying the archive") > 0);
  },
);

/** Runs the program until the first segment is committed; the second can't be had. Returns the stored cursor. */
async function stoppedInside({ history, sql, options }: ArchiveTest): Promise<number> {
  const second = history.segments[1]?.name ?? "";
  for (const method of ["getSegment", "getBlock"] as const) {
    history.fail(method, (answer, { url }) => {
      return url.search.includes(second) ? { ...answer, status: 503 } : answer;
    }, Infinity);
  }
  await using program = new Program(options);
  await program.until(() => program.cursor >= 6);
  assert.equal(await program.stop(), 0, program.lastLines);
  const stored = (await readCursor(sql, "default"))?.cursor ?? 0;
  assert.ok(stored >= 6 && stored < 9, `stored ${stored}`);
  history.mend();
  return stored;
}

archiveTest(
  "T11 a replay that stops within a page resumes after the committed position",
  { startFrom: "archive" },
  async (test) => {
    const stored = await stoppedInside(test);
    await using program = new Program(test.options);
    await program.committed(test.last);
    assert.equal(planned(test.history).at(-1), stored);
    assert.deepEqual(await liveScenes(test.sql), CONVERGED);
  },
);

archiveTest(
  "a begun archive is read to its end, also when another instance is first in the list",
  { startFrom: "archive" },
  async (test) => {
    const stored = await stoppedInside(test);
    await using other = new ReplayServer({ firstSeq: 700_001 });
    const events = new SampleEvents(timeOf(11));
    const last = other.push(events.put("alice/scene/live"), events.put("bob/scene/live2"));
    const streamUrl = `${other.v2Url},${test.options.streamUrl}`;
    await using program = new Program({ ...test.options, streamUrl });
    await program.committed(last);
    assert.equal(planned(test.history).at(-1), stored);
    assert.deepEqual(await liveScenes(test.sql), CONVERGED);
  },
);

archiveTest(
  "T12 with a cursor that is too old the archive is replayed automatically",
  { startFrom: "1" },
  async ({ live, last, sql, options }) => {
    await using program = new Program(options);
    await program.committed(last);
    assert.deepEqual(await liveScenes(sql), CONVERGED);
    const asked = live.peers.filter(({ isAccepted }) => isAccepted)
      .map(({ request }) => request.query.get("cursor"));
    assert.deepEqual(asked, ["11"]);
  },
);

databaseTest(
  "with an empty archive the live stream is read from its first event",
  async ({ url, sql }) => {
    await using history = new ArchiveServer([]);
    const events = new SampleEvents();
    await using live = new ReplayServer();
    const last = live.push(events.put("alice/scene/a"), events.put("alice/scene/b"));
    await using origin = new OneOrigin({ live: live.port, archive: history.port });
    const env = { START_FROM: "archive" };
    await using program = new Program({ databaseUrl: url, streamUrl: origin.v2Url, env });
    await program.committed(last);
    assert.deepEqual(await liveScenes(sql), ["a", "b"]);
    assert.deepEqual(live.peers.map(({ request }) => request.query.get("cursor")), ["0"]);
  },
);

/** A commit of the raw firehose with one operation on a scene of Alice's. */
function commitFrame(seq: number, rkey: string, action: "create" | "delete"): Uint8Array {
  const did = didOf("alice");
  const rev = tidAt(timeOf(seq));
  const record = encode({ $type: "app.subcult.scene", name: "Warehouse Nine" });
  const signed = { did, rev, version: 3, prev: null, data: linkTo(record) };
  const commit = encode({ ...signed, sig: toBytes(new Uint8Array(64)) });
  const blocks = [[linkTo(commit), commit], [linkTo(record), record]] as const;
  const cid = action === "create" ? linkTo(record) : null;
  return firehoseFrame({ op: 1, t: "#commit" }, {
    seq,
    repo: did,
    rev,
    since: null,
    commit: linkTo(commit),
    blocks: toBytes(carOf([linkTo(commit)], blocks)),
    ops: [{ action, path: `app.subcult.scene/${rkey}`, cid }],
    blobs: [],
    rebase: false,
    tooBig: false,
    time: new Date(timeOf(seq) / 1000).toISOString(),
  });
}

databaseTest("the raw firehose is read, including unknown frames", async ({ url, sql }) => {
  const did = didOf("bob");
  const time = new Date(timeOf(5) / 1000).toISOString();
  await using server = new ScriptedServer([async (peer) => {
    await peer.accept();
    await peer.send(commitFrame(1, "a", "create"));
    await peer.send(commitFrame(2, "b", "create"));
    await peer.send(firehoseFrame({ op: 1, t: "#later" }, { seq: 3 }));
    await peer.send(commitFrame(4, "a", "delete"));
    await peer.send(firehoseFrame({ op: 1, t: "#identity" }, { seq: 5, did, time }));
    await peer.send(commitFrame(6, "c", "create"));
  }]);
  const streamUrl = server.url("/xrpc/com.atproto.sync.subscribeRepos");
  await using program = new Program({ databaseUrl: url, streamUrl });
  await program.committed(6);
  assert.deepEqual(await liveScenes(sql), ["b", "c"]);
  assert.equal(program.counts.dead_letter, 0);
});

databaseTest(
  "T1 T6 from an instance with other numbers, and another protocol, events are requested by time",
  async ({ url, sql }) => {
    const events = new SampleEvents();
    const all = ["a", "b", "c", "d"].map((rkey) => events.put(`alice/scene/${rkey}`));
    await using second = new ReplayServer({ firstSeq: 700_001 });
    const last = second.push(...all);
    await using first = new ReplayServer();
    first.push(...all.slice(0, 2));
    const streamUrl = `${first.url},${second.v2Url}`;
    await using program = new Program({ databaseUrl: url, streamUrl });
    await program.committed(2);
    await first.close();
    await program.committed(last);
    assert.deepEqual(await liveScenes(sql), ["a", "b", "c", "d"]);
    const asked = second.peers.find(({ isAccepted }) => isAccepted)?.request.query.get("cursor");
    // Five minutes before the last event of the first instance.
    assert.equal(Number(asked), (all[1]?.time_us ?? 0) - 300_000_000);
    assert.deepEqual([program.counts.applied, program.counts.duplicate], [4, 2]);
  },
);

databaseTest("T5 a cursor in the future is reported, and the stream is read", async ({ url }) => {
  await using server = new ReplayServer();
  const tomorrowUs = (Date.now() + 86_400_000) * 1000;
  const env = { START_FROM: String(tomorrowUs) };
  await using program = new Program({ databaseUrl: url, streamUrl: server.url, env });
  await program.until(() => server.connected === 1 && program.said("connected") === 1);
  assert.ok(program.log.some(({ notice }) => notice === "cursor_in_future"));
  const last = server.push(new SampleEvents().put("alice/scene/a"));
  await program.committed(last);
});

databaseTest(
  "T7 the filter is in every request, and is never changed on an open connection",
  async ({ url }) => {
    const events = new SampleEvents();
    const sent: number[] = [];
    await using server = new ScriptedServer([async (peer) => {
      peer.onData = (opcode) => sent.push(opcode);
      await peer.accept();
      await peer.pingPong();
      await peer.send(JSON.stringify({ ...events.put("alice/scene/a"), cursor: 1 }));
      await peer.close(1001);
    }, async (peer) => {
      peer.onData = (opcode) => sent.push(opcode);
      await peer.accept();
      await peer.send(JSON.stringify({ ...events.put("alice/scene/b"), cursor: 2 }));
    }]);
    await using program = new Program({ databaseUrl: url, streamUrl: server.url() });
    await program.committed(2);
    assert.equal(await program.stop(), 0);
    assert.deepEqual(sent, []);
    for (const { request } of server.peers) {
      assert.deepEqual(request.query.getAll("wantedCollections"), ["app.subcult.*"]);
    }
  },
);
