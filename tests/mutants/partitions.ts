import type { Mutant } from "./mutant.ts";

export const PARTITIONS: readonly Mutant[] = [
  {
    file: "lib/indexer/partition_sharing.ts",
    before: `    failure = error;
    changed.abort(error);
`,
    after: `    throw error;
`,
    rule: "a changed number of partitions ends no instance, on a quiet stream either",
    near: ["whole_program/standby_test.ts"],
  },
  {
    file: "lib/indexer/fair_share.ts",
    before: "return above > 0 && othersWant(holder, sharers.instances) ? above : 0;",
    after: "return above > 0 ? above : 0;",
    rule: "an instance releases partitions above its target only when another one wants some",
    near: ["indexer/fair_share_test.ts"],
  },
  {
    file: "lib/repository/batch/position.ts",
    before: "if (ofOneSource && lowest.timeUs === earliest.timeUs) return lowest;",
    after: "if (ofOneSource) return lowest;",
    rule: "numbers of two numberings are not compared",
    near: ["indexer/fair_share_test.ts"],
  },
  {
    file: "lib/repository/fold/working_set.ts",
    before: "!requests.some((request) => this.#stillAsksFor(request, author, link))",
    after: "true",
    rule: "a decision waits for its scene while the request of another partition still counts",
    near: ["repository/partitions/partitions_test.ts"],
  },
];
