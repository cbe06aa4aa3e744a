import type { Mutant } from "./mutant.ts";

export const RECONCILE: readonly Mutant[] = [
  {
    file: "lib/reconcile/difference.ts",
    before: "if (row.rev > snapshot.rev) continue;",
    after: "",
    rule: "what the stream brought since stays as it is",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/difference.ts",
    before: "row.deleted || row.cid !== record.cid",
    after: "row.cid !== record.cid",
    rule: "a record that the index took for deleted comes back",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/difference.ts",
    before: "} else if (!row.deleted) {",
    after: "} else {",
    rule: "what is deleted on both sides is no difference",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/difference.ts",
    before: `      unseen.delete(path);
`,
    after: "",
    rule: "what the index has is not put again",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/host_gate.ts",
    before: "known.active >= atOnce",
    after: "known.active > atOnce",
    rule: "no server is asked for more repositories at a time than the limit",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/host_gate.ts",
    before: "Math.max(known.restsUntil, this.#options.now() + ms)",
    after: "this.#options.now() + ms",
    rule: "the longest rest that a server asked for counts",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/host_gate.ts",
    before: `      known.active--;
`,
    after: "",
    rule: "whoever has read a repository gives its place back",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/retry_after.ts",
    before: "if (attempts + 1 >= most) return null;",
    after: "",
    rule: "what only its owner can change is not tried for ever",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/retry_after.ts",
    before: "Math.min(askedMs, LONGEST_ASKED_MS)",
    after: "askedMs",
    rule: "a server can not have itself left alone for years",
    near: ["reconcile_difference_test.ts"],
  },
  {
    file: "lib/reconcile/retry_after.ts",
    before: "Math.min(first * 2 ** attempts, longest)",
    after: "first",
    rule: "who fails again is tried later and later",
    near: ["reconcile_difference_test.ts"],
  },
];
