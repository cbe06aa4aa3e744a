/** The models of tests/design, checked with spin: what must hold holds, and each broken variant is found. */

import assert from "node:assert/strict";

interface Result {
  readonly model: string;
  readonly defines: string;
  readonly errors: number;
  readonly states: number;
}

const HERE = new URL("./", import.meta.url);

/** One run of each model that takes a second or two, or all runs, which take some minutes. */
const ALL = Deno.env.get("DESIGN_MODELS") === "all";
const QUICK_STATES = 12_000;

/** Models that end after the first error only when told so. */
const ENDS_ANYWHERE = ["merge", "lease", "resize", "cursor", "marks", "consumers", "consumers2"];

const LINE = /^(\S+)\s+(.*?)\s*errors: (\d+), states (\d+)/;

function resultOf(line: string): Result {
  const [, model = "", defines = "", errors, states] = LINE.exec(line) ?? [];
  return { model, defines, errors: Number(errors), states: Number(states) };
}

const RESULTS = (await Deno.readTextFile(new URL("results.txt", HERE))).trim().split("\n")
  .map(resultOf);

async function isInstalled(program: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args: ["--version"], stdout: "null" })
      .output();
    return success || program === "spin";
  } catch {
    return false;
  }
}

const canRun = await isInstalled("spin") && await isInstalled("gcc");
const skipped = canRun ? "" : ", skipped: spin or gcc is not installed";

const chosen = RESULTS.filter(({ model, states }, index) =>
  ALL || (states <= QUICK_STATES && RESULTS.findIndex((other) => other.model === model) === index)
);

for (const { model, defines, errors } of chosen) {
  const broken = errors === 0 ? "holds" : `is refuted with ${defines}`;
  Deno.test({
    name: `model ${model} ${errors === 0 ? `${broken} ${defines}`.trim() : broken}${skipped}`,
    ignore: !canRun,
    async fn(): Promise<void> {
      const options = ENDS_ANYWHERE.includes(model) ? ["-E"] : [];
      const { stdout } = await new Deno.Command("bash", {
        args: [new URL("run.sh", HERE).pathname, model, defines, ...options],
        stdout: "piped",
      }).output();
      const told = new TextDecoder().decode(stdout);
      const found = resultOf(told);
      assert.equal(found.errors, errors, told);
      assert.match(told, /incomplete=0/);
    },
  });
}

Deno.test("every model has results, and every result a model", async () => {
  const models: string[] = [];
  for await (const { name } of Deno.readDir(HERE)) {
    if (name.endsWith(".pml")) models.push(name.slice(0, -4));
  }
  assert.deepEqual([...new Set(RESULTS.map(({ model }) => model))].sort(), models.sort());
});
