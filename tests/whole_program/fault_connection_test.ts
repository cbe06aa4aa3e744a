import assert from "node:assert/strict";
import type { FaultPoint } from "../../lib/indexer/fault_point.ts";
import { Program, type ProgramOptions } from "../support/crash/in_process.ts";
import { assertFolded, countsAfter, numberedStream } from "../support/crash/stream.ts";
import { databaseTest, type TestDatabase } from "../support/database.ts";
import { DatabaseProxy, type Fault } from "../support/faults/database_proxy.ts";
import { ReplayServer } from "../support/jetstream/replay_server.ts";
import { seeded } from "../support/fresh_seeds.ts";

const FRAMES = 200;

/** A pass of a fault point: its name, and how many there were of it before. */
type OnPass = (name: FaultPoint, before: number) => void | Promise<void>;

interface Failing {
  readonly at: OnPass;
  readonly options?: Partial<ProgramOptions>;
  /** Fails unless all faults have happened. */
  check(program: Program): void;
}

/** Runs a stream through a proxy that fails at some points; the result must be as without faults. */
function faultTest(
  name: string,
  fail: (proxy: DatabaseProxy) => Failing,
): void {
  const run = seeded(async (seed, { url, sql }: TestDatabase) => {
    const frames = numberedStream(seed, FRAMES);
    await using server = new ReplayServer({ pingMs: 0 });
    await using proxy = DatabaseProxy.start(url);
    const { at, options = {}, check } = fail(proxy);
    const passed = new Map<FaultPoint, number>();
    await using program = new Program({
      databaseUrl: proxy.url,
      streamUrl: server.url,
      env: { BATCH_MAX_EVENTS: "10" },
      random: () => 0.05,
      faultPoint: (name) => {
        const before = passed.get(name) ?? 0;
        passed.set(name, before + 1);
        return at(name, before);
      },
      ...options,
    });
    server.push(...frames);
    await program.committed(FRAMES);
    assert.equal(await program.stop(), 0);
    check(program);
    await assertFolded(sql, frames);
    assert.deepEqual(program.counts, countsAfter(frames));
  });
  databaseTest(name, run, { kinds: ["server"] });
}

faultTest("a batch whose commit was not answered is applied and counted once", (proxy) => {
  // The first commit of all is that of the migrations.
  const faults = [proxy.loseCommit()];
  return {
    at: (name, before) => {
      if (name === "batch_cursor_moved" && before % 3 === 1) faults.push(proxy.loseCommit());
    },
    check: () => assertFired(faults, 4),
  };
});

faultTest("a connection that is lost at any step only costs time", (proxy) => {
  const steps: FaultPoint[] = [
    "batch_beginning",
    "batch_begun",
    "batch_loaded",
    "batch_folded",
    "batch_stored",
    "batch_cursor_moved",
    "batch_committed",
  ];
  const left = [...steps];
  return {
    at: (name) => {
      if (left[0] === name && proxy.cut().hasFired) left.shift();
    },
    check: () => assert.deepEqual(left, []),
  };
});

faultTest("an unreachable database is retried until it answers", (proxy) => {
  const faults: Fault[] = [];
  return {
    at: (name, before) => {
      if (name !== "batch_loaded" || before % 5 !== 2) return;
      const fault = proxy.refuse();
      faults.push(fault);
      void fault.fired.then(() => setTimeout(() => proxy.heal(), 100));
    },
    check: () => assertFired(faults, 2),
  };
});

faultTest("a connection that hangs and continues loses nothing", (proxy) => {
  const faults: Fault[] = [];
  return {
    at: (name, before) => {
      if (name !== "batch_stored" || before % 5 !== 2) return;
      const fault = proxy.hang();
      faults.push(fault);
      void fault.fired.then(() => setTimeout(() => proxy.heal(), 50));
    },
    check: (program) => {
      assertFired(faults, 2);
      assert.equal(program.said("cannot write a batch, retrying"), 0);
    },
  };
});

faultTest("a connection that hangs for good is replaced by another", (proxy) => {
  const faults: Fault[] = [];
  return {
    at: (name, before) => {
      if (name !== "batch_stored" || before % 8 !== 2) return;
      const fault = proxy.hang();
      faults.push(fault);
      // What was held back is lost for good, and only then the network works again.
      void fault.fired.then(() =>
        setTimeout(() => {
          proxy.cut();
          proxy.heal();
        }, 700)
      );
    },
    options: { statementTimeoutMs: 300 },
    check: (program) => {
      assertFired(faults, 2);
      assert.ok(program.log.filter(({ code }) => code === "silent").length >= faults.length);
    },
  };
});

faultTest("a commit whose answer hangs is recognised as committed", (proxy) => {
  const faults: Fault[] = [];
  return {
    at: (name, before) => {
      if (name !== "batch_cursor_moved" || before % 8 !== 2) return;
      const fault = proxy.loseCommit("hang");
      faults.push(fault);
      void fault.fired.then(() => setTimeout(() => proxy.heal(), 500));
    },
    options: { statementTimeoutMs: 300 },
    check: (program) => {
      assertFired(faults, 2);
      assert.ok(program.log.filter(({ code }) => code === "silent").length >= faults.length);
    },
  };
});

function assertFired(faults: readonly Fault[], least: number): void {
  assert.ok(faults.length >= least, `only ${faults.length} faults were ordered`);
  assert.ok(faults.every(({ hasFired }) => hasFired), "a fault has not happened");
}
