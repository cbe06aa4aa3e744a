import assert from "node:assert/strict";
import { Report, testFiles } from "../run.ts";

const runner = new URL("../run.ts", import.meta.url).pathname;

/** Runs the tests of a text as `deno task test` does. */
async function told(tests: string): Promise<{ code: number; lines: string[] }> {
  const folder = await Deno.makeTempDir({ prefix: "run_tests-" });
  try {
    const path = `${folder}/some_test.ts`;
    await Deno.writeTextFile(path, tests);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", runner, "--no-check", path],
    }).output();
    return {
      code,
      lines: new TextDecoder().decode(stdout).split("\n").filter((line) => line !== ""),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("for passing tests one line is printed", async () => {
  const many = Array.from({ length: 40 }, (_, index) => `Deno.test("t${index}", () => {});`);
  const { code, lines } = await told(many.join("\n"));
  assert.equal(code, 0);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^ok \| 40 passed \| 0 failed \(/);
});

Deno.test("for a failing test its name, error and place are printed, without the runtime's backtrace", async () => {
  const { code, lines } = await told(
    'Deno.test("good", () => {});\nDeno.test("bad", () => { throw new Error("why it failed"); });',
  );
  assert.equal(code, 1);
  assert.match(lines[0] ?? "", /ERRORS/);
  assert.match(lines.join("\n"), /bad => .*some_test\.ts:2/);
  assert.match(lines.join("\n"), /why it failed/);
  assert.match(lines.at(-1) ?? "", /^FAILED \| 1 passed \| 1 failed \(/);
});

Deno.test("tests are counted as they end, without printing their output", () => {
  const report = new Report();
  assert.deepEqual([".", ",", "!", "..."].map((line) => report.take(line)), [
    null,
    null,
    null,
    "...",
  ]);
  assert.equal(report.count, 3);
});

Deno.test("all test files are run, long ones first, except those that are ignored", async () => {
  const all = await testFiles(new Set());
  assert.ok(all.length > 200 && new Set(all).size === all.length);
  assert.ok(all.includes("tests/house/run_test.ts"));
  const first = all[0] ?? "";
  const left = await testFiles(new Set([first, "tests/house/run_test.ts"]));
  assert.deepEqual(
    left,
    all.filter((path) => path !== first && path !== "tests/house/run_test.ts"),
  );
});
