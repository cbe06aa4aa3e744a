/** Every behaviour in `parity.md` has a test with its id, or a line that says why not. */

import assert from "node:assert/strict";
import { modulesIn, repository } from "../support/repository_files.ts";

/** An id, or a range of ids of one group. */
const RANGE = /\b([A-Z]+)-(\d+)(?: to \1-(\d+))?/g;

function idsIn(text: string): string[] {
  return [...text.matchAll(RANGE)].flatMap(([, group = "", first = "", last = first]) =>
    Array.from(
      { length: Number(last) - Number(first) + 1 },
      (_, index) => `${group}-${String(Number(first) + index).padStart(first.length, "0")}`,
    )
  );
}

/** Traps of the wire go by a T without a hyphen. */
function trapsIn(text: string): string[] {
  return [...text.matchAll(/\bT\d+\b/g)].map(([id]) => id);
}

function section(text: string, title: string): string {
  const [, after = ""] = text.split(`\n## ${title}\n`);
  return after.split("\n## ")[0] ?? "";
}

/** The ids at the front of the names of all tests, whatever registers them. */
async function testedIds(): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const path of await modulesIn("tests")) {
    if (!path.endsWith("_test.ts") || path.endsWith("/parity_test.ts")) continue;
    const text = await repository(path);
    for (const [, front = ""] of text.matchAll(/["`]((?:(?:[A-Z]{1,2}-|T)\d+ ?)+)/g)) {
      for (const id of [...idsIn(front), ...trapsIn(front)]) ids.add(id);
    }
  }
  return ids;
}

const parity = await repository("tests/documents/parity.md");
const [list = ""] = parity.split("\n## ");
const all = idsIn(list.slice(list.indexOf("|---")));
const excused = [...section(parity, "Does not apply").matchAll(/^- ([^:]+): (.{20,})$/gm)]
  .flatMap(([, ids = ""]) => idsIn(ids));
const tested = await testedIds();

Deno.test("every id of the parity list has a test, or a line with a reason", () => {
  assert.ok(all.length > 200);
  const missing = all.filter((id) => !tested.has(id) && !excused.includes(id));
  assert.deepEqual(missing, []);
});

Deno.test("no id of the parity list is excused although it has a test, nor excused twice", () => {
  assert.deepEqual(excused.filter((id) => tested.has(id)), []);
  assert.deepEqual(excused.length, new Set(excused).size);
});

Deno.test("every id that is excused, changed on purpose or in a test's name is in the list", () => {
  const known = new Set(all);
  const changed = idsIn(section(parity, "Changed on purpose"));
  assert.deepEqual([...excused, ...changed].filter((id) => !known.has(id)), []);
  // A test may also have the id of a defect that it prevents: D-….
  const groups = new Set(all.map((id) => id.split("-")[0]));
  const strangers = [...tested].filter((id) => !known.has(id) && groups.has(id.split("-")[0]));
  assert.deepEqual(strangers, []);
});

Deno.test("every id that is changed on purpose has a test", () => {
  const changed = idsIn(section(parity, "Changed on purpose"));
  assert.deepEqual(changed.filter((id) => !tested.has(id)), []);
});

Deno.test("every trap of the wire has a test, and every such id is in the list", () => {
  const listed = [...section(parity, "Traps of the wire").matchAll(/^\| (T\d+) \| .{20,} \|$/gm)]
    .map(([, id = ""]) => id);
  assert.deepEqual(listed, Array.from({ length: 17 }, (_, index) => `T${index + 1}`));
  const borne = [...tested].filter((id) => /^T\d+$/.test(id));
  assert.deepEqual(new Set(borne), new Set(listed));
});
