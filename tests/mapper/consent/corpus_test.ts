import assert from "node:assert/strict";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";
import { corpusLines, WITHOUT_CORPUS } from "../../support/corpus.ts";

const lines = corpusLines();

Deno.test({
  name: `records of the live network, which contain no place, are kept unchanged${WITHOUT_CORPUS}`,
  ignore: lines === null,
  fn: () => {
    let records = 0;
    for (const line of lines!) {
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
