/** Faults of an archive with the whole program on a real database: the result, and what an operator sees. */

import assert from "node:assert/strict";
import { systemClock } from "../../lib/client/clock.ts";
import { readCursor } from "../../lib/repository/batch/cursor.ts";
import { databaseTest } from "../support/database.ts";
import { blockOf, timeOf } from "../support/jetstream/archive_file.ts";
import { OneOrigin } from "../support/jetstream/one_origin.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { SampleEvents, tidAt } from "../support/sample_events.ts";
import { type LogLine, Program } from "../support/crash/in_process.ts";
import {
  ArchiveServer,
  type Fault,
  FAULTS,
  type Method,
  refusal,
} from "../support/jetstream/archive_server.ts";
import {
  type ArchiveTest,
  archiveTest,
  CONVERGED,
  liveScenes,
  planned,
  row,
} from "../support/jetstream/history.ts";

/** Requests of a segment before its blocks: header and footer. */
const BEFORE_BLOCKS = 2;

/** Makes every wait with jitter short. */
const SOON = (): number => 0.01;

const WHOLE_FILES = { startFrom: "archive", wholeFrom: 0 };
const SINGLE_BLOCKS = { startFrom: "archive", wholeFrom: 2 };

/** Everything came, in order, and the live stream took over once, where the archive ends. */
async function assertConverged({ live, last, sql }: ArchiveTest, program: Program): Promise<void> {
  await program.committed(last);
  assert.deepEqual(await liveScenes(sql), CONVERGED);
  assert.deepEqual(live.peers.map(({ request }) => request.query.get("cursor")), ["11"]);
  assert.deepEqual([program.counts.dead_letter, program.counts.waiting], [0, 0]);
}

function noticesIn(log: readonly LogLine[]): string[] {
  return log.flatMap(({ notice, level }) => level === "warn" && notice ? [String(notice)] : []);
}

function saidOf(log: readonly LogLine[], notice: string): string {
  return log.find((line) => line.notice === notice)?.message ?? "";
}

/** Temporary faults: one log line, and no alert. */
const PASSING: readonly {
  readonly name: string;
  readonly way: typeof WHOLE_FILES;
  readonly spoil: (history: ArchiveServer) => void;
  readonly notice: string;
  readonly said: RegExp;
}[] = [
  {
    name: "a plan that is rate limited",
    way: WHOLE_FILES,
    spoil: (history) => history.fail("planSnapshot", FAULTS.refuses(429, { "Retry-After": "1" })),
    notice: "archive_rate_limited",
    said: /the next one follows in 1 s/,
  },
  {
    name: "a block that is rate limited",
    way: SINGLE_BLOCKS,
    spoil: (history) => history.fail("getBlock", FAULTS.refuses(429, { "Retry-After": "1" }), 1, 1),
    notice: "archive_rate_limited",
    said: /the next one follows in 1 s/,
  },
  {
    name: "a file of another generation",
    way: WHOLE_FILES,
    spoil: (history) =>
      history.fail("getSegment", (answer) => {
        // Of two revisions the older one goes.
        history.compact(1, ({ seq }) => seq !== 10);
        return answer;
      }),
    notice: "archive_replanned",
    said: /making a new plan for the replay after 6: seg_\w+\.jss/,
  },
  {
    name: "a file that is gone",
    way: WHOLE_FILES,
    spoil: (history) => {
      const gone = FAULTS.answers(refusal(404, "SegmentNotFound", "no such segment"));
      history.fail("getSegment", gone, 1, BEFORE_BLOCKS);
    },
    notice: "archive_replanned",
    said: /making a new plan for the replay after 0: .*SegmentNotFound/,
  },
  {
    name: "an index with a bad checksum",
    way: WHOLE_FILES,
    spoil: (history) => history.fail("getSegment", FAULTS.flips, 1, BEFORE_BLOCKS - 1),
    notice: "archive_damaged",
    said: /the index of seg_\w+\.jss of the archive is damaged and is downloaded again: .*checksum/,
  },
  {
    name: "a block with a bad checksum",
    way: SINGLE_BLOCKS,
    spoil: (history) => history.fail("getBlock", FAULTS.flips, 1, 1),
    notice: "archive_damaged",
    said: /block \d of seg_\w+\.jss of the archive is damaged and is downloaded again: /,
  },
];

for (const { name, way, spoil, notice, said } of PASSING) {
  archiveTest(`${name} only costs time, and is reported once`, way, async (test) => {
    spoil(test.history);
    await using program = new Program({ ...test.options, random: SOON });
    await assertConverged(test, program);
    assert.equal(test.history.unfired, 0);
    assert.deepEqual(noticesIn(program.log), [notice]);
    assert.match(saidOf(program.log, notice), said);
    assert.equal(await program.metric(`indexer_notices_total{code="${notice}"}`), 1);
    assert.deepEqual(program.log.filter(({ level }) => level === "error"), []);
  });
}

/** Permanent faults: the program stops before them, and logs why; nothing after them is read. */
const LASTING: readonly {
  readonly name: string;
  readonly way: typeof WHOLE_FILES;
  readonly method: Method;
  readonly fault: Fault;
  readonly error: string;
  readonly says: RegExp;
}[] = [
  {
    name: "an index whose checksum stays bad",
    way: WHOLE_FILES,
    method: "getSegment",
    fault: (answer, request) =>
      /^bytes=0-/.test(request.headers.get("range") ?? "") ? answer : FAULTS.flips(answer, request),
    error: "ArchiveDamagedError",
    says: /the index of seg_\w+\.jss .*got 4 times: .*checksum/,
  },
  {
    name: "a block whose checksum stays bad",
    way: SINGLE_BLOCKS,
    method: "getBlock",
    fault: FAULTS.flips,
    error: "ArchiveDamagedError",
    says: /block \d of seg_\w+\.jss .*got 4 times/,
  },
  {
    name: "files that are replaced faster than they can be read",
    way: WHOLE_FILES,
    method: "getSegment",
    fault: FAULTS.refuses(412),
    error: "ArchiveStalledError",
    says: /5 plans in a row were outdated/,
  },
];

for (const { name, way, method, fault, error, says } of LASTING) {
  archiveTest(
    `${name} ends the program before them, and the next start continues`,
    way,
    async (test) => {
      const { history, live, sql, options } = test;
      // The first segment is sound.
      const second = history.segments[1]?.name ?? "";
      history.fail(method, (answer, request) => {
        return request.url.search.includes(second) ? fault(answer, request) : answer;
      }, Infinity);
      {
        await using program = new Program({ ...options, random: SOON });
        assert.equal(await program.done, 1);
        const last = program.log.find(({ message }) => message === "stopped");
        assert.equal(last?.level, "error");
        const { name, message } = last.error as { name: string; message: string };
        assert.equal(name, error);
        assert.match(message, says);
      }
      const stored = (await readCursor(sql, "default"))?.cursor ?? 0;
      assert.ok(stored >= 6 && stored < 9, `stored ${stored}`);
      assert.deepEqual(live.peers, []);
      history.mend();
      await using program = new Program(options);
      await assertConverged(test, program);
      assert.equal(planned(history).at(-1), stored);
    },
  );
}

archiveTest(
  "without an archive for half an hour, a cursor that is too old is abandoned, and that is reported",
  { startFrom: "1" },
  async ({ history, live, last, sql, options }) => {
    history.fail("planSnapshot", FAULTS.refuses(404), Infinity);
    let aheadMs = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs };
    await using program = new Program({ ...options, clock, random: SOON });
    await program.until(() => program.said("cannot read the archive, retrying") > 0);
    assert.deepEqual(live.peers.filter(({ isAccepted }) => isAccepted), []);
    aheadMs = 31 * 60_000;
    await program.committed(last);
    // Only the events that only the archive has are missing.
    assert.deepEqual(await liveScenes(sql), ["live", "live2", "more"]);
    const [said] = program.log.filter(({ notice }) => notice === "archive_missing");
    assert.equal(said?.level, "error");
    assert.match(String(said?.message), /between the cursor and those are missing/);
    assert.equal(await program.metric('indexer_notices_total{code="archive_missing"}'), 1);
    assert.equal(await program.metric("indexer_replaying"), 0);
  },
);

archiveTest(
  "START_FROM=archive waits for an archive without limit",
  { startFrom: "archive" },
  async ({ history, last, options }) => {
    history.fail("planSnapshot", FAULTS.refuses(404), Infinity);
    let aheadMs = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs };
    await using program = new Program({ ...options, clock, random: SOON });
    const tries = (): number => program.said("cannot read the archive, retrying");
    await program.until(() => tries() > 0);
    aheadMs = 24 * 3_600_000;
    const before = tries();
    await program.until(() => tries() > before + 1);
    history.mend();
    await program.committed(last);
    assert.deepEqual(program.log.filter(({ notice }) => notice === "archive_missing"), []);
  },
);

/** How servers and proxies say that there is no archive. */
const NOBODY: readonly (readonly [string, Fault])[] = [
  ["HTTP 404", FAULTS.refuses(404)],
  ["HTTP 404 XRPCNotSupported", FAULTS.answers(refusal(404, "XRPCNotSupported", "unknown"))],
  ["HTTP 501 MethodNotImplemented", FAULTS.answers(refusal(501, "MethodNotImplemented", "none"))],
];

for (const startFrom of ["archive", "1"]) {
  archiveTest(
    `a missing archive is retried and never skipped, starting from ${startFrom}`,
    { startFrom },
    async (test) => {
      const { history, live, sql, options } = test;
      let [, fault] = NOBODY[0]!;
      history.fail("planSnapshot", (answer, request) => fault(answer, request), Infinity);
      const env = { ...options.env, RECONNECT_ALERT_ATTEMPTS: "3" };
      await using program = new Program({ ...options, env, random: SOON });
      for (const [status, next] of NOBODY) {
        fault = next;
        const alerts = (): LogLine[] =>
          program.log.filter(({ level, why }) => level === "error" && String(why).includes(status));
        await program.until(() => alerts().length > 0, status);
        const [alert] = alerts();
        assert.equal(alert?.message, "cannot read the archive, still retrying");
        assert.match(String(alert.why), /^cannot find an archive beside the live stream: /);
      }
      assert.ok(await program.metric("indexer_archive_failures_in_a_row") ?? 0 >= 3);
      assert.equal(await program.metric("indexer_replaying"), 1);
      const ready = await program.fetch("/ready");
      assert.equal(ready.status, 503);
      await ready.body?.cancel();
      assert.deepEqual(live.peers.filter(({ isAccepted }) => isAccepted), []);
      assert.equal(await readCursor(sql, "default"), null);
      history.mend();
      await program.committed(test.last);
      assert.deepEqual(await liveScenes(sql), CONVERGED);
      assert.equal(await program.metric("indexer_archive_failures_in_a_row"), 0);
      assert.equal(await program.metric("indexer_replaying"), 0);
    },
  );
}

for (const [way, wholeFrom] of [["files", 0], ["single blocks", 2]] as const) {
  databaseTest(
    `the archive of a server that was rebuilt is replayed by ${way} from its beginning, not from a number of its former one`,
    async ({ url, sql }) => {
      const ports = { live: 0, archive: 0 };
      await using origin = new OneOrigin(ports);
      const at = { databaseUrl: url, streamUrl: origin.v2Url };
      {
        await using old = new ReplayServer();
        const events = new SampleEvents(timeOf(0));
        const last = old.push(...[1, 2, 3, 4, 5].map((n) => events.put(`alice/scene/old${n}`)));
        ports.live = old.port;
        await using program = new Program({ ...at, env: { START_FROM: "1" } });
        await program.committed(last);
        assert.equal(last, 5);
      }
      // Its first row is an hour later, and its fifth too.
      const later = (seq: number): number => timeOf(seq + 3_600);
      const rows = [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => ({
        ...row(seq, "create", `new${seq}`),
        rev: tidAt(later(seq)),
        witnessedAt: later(seq),
      }));
      const blocks = [rows.slice(0, 3), rows.slice(3, 6), rows.slice(6)].map((part) =>
        blockOf(part)
      );
      await using history = new ArchiveServer([blocks], { wholeFrom });
      await using live = new ReplayServer({ firstSeq: 8 });
      const events = new SampleEvents(later(8) - 1_000_000);
      live.push(events.put("alice/scene/new8"), events.put("alice/scene/new9"));
      Object.assign(ports, { live: live.port, archive: history.port });
      await using program = new Program(at);
      await program.until(() => program.cursor === 9);
      const scenes = await liveScenes(sql);
      assert.deepEqual(scenes.filter((rkey) => rkey.startsWith("new")).length, 9, String(scenes));
      assert.ok(noticesIn(program.log).includes("renumbered"), String(noticesIn(program.log)));
    },
  );

  databaseTest(
    `a replay by ${way} after a live stream of the same numbers begins at the stored position`,
    async ({ url, sql }) => {
      const rows = [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => row(seq, "create", `s${seq}`));
      const blocks = [rows.slice(0, 3), rows.slice(3, 6), rows.slice(6)].map((part) =>
        blockOf(part)
      );
      await using history = new ArchiveServer([blocks], { wholeFrom });
      const ports = { live: 0, archive: history.port };
      await using origin = new OneOrigin(ports);
      const at = { databaseUrl: url, streamUrl: origin.v2Url };
      const event = (seq: number) => new SampleEvents(timeOf(seq - 1)).put(`alice/scene/s${seq}`);
      {
        await using old = new ReplayServer();
        old.push(...[1, 2, 3, 4, 5].map(event));
        ports.live = old.port;
        await using program = new Program({ ...at, env: { START_FROM: "1" } });
        await program.committed(5);
      }
      await using live = new ReplayServer({ firstSeq: 8 });
      live.push(event(8), event(9));
      ports.live = live.port;
      await using program = new Program(at);
      await program.committed(9);
      assert.deepEqual(await liveScenes(sql), rows.map(({ rkey }) => rkey).concat("s9"));
      assert.deepEqual(noticesIn(program.log), []);
      assert.equal(history.asked("planSnapshot").length, 1);
      assert.deepEqual(program.counts.stale + program.counts.dead_letter, 0);
    },
  );
}
