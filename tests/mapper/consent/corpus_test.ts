import assert from "node:assert/strict";
import { join } from "node:path";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";

const corpus = Deno.env.get("JETSTREAM_CORPUS") ?? "../shared/corpus/jetstream";
const path = join(corpus, "corpus", "expected_v1.jsonl");
const isThere = await Deno.stat(path).then(() => true, () => false);
const condition = isThere ? "" : ` (skipped: no corpus at ${path})`;

Deno.test({
  name: `records of the live network, which tell no place, are kept to the letter${condition}`,
  ignore: !isThere,
  fn: async () => {
    const lines = (await Deno.readTextFile(path)).trim().split("\n");
    let records = 0;
    for (const line of lines) {
      const { commit } = JSON.parse(line);
      if (commit?.record === undefined) continue;
      const { record, refusal } = coarsen(commit.collection, commit.record);
      assert.equal(record, commit.record);
      assert.equal(refusal, null);
      records++;
    }
    assert.equal(records, 146);
  },
});
