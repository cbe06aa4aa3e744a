import type { Mutant } from "./mutant.ts";

export const REPOSITORY: readonly Mutant[] = [
  {
    file: "lib/repository/lease.ts",
    before: `        and holder = \${holder} and epoch = \${epoch}
      for update skip locked)`,
    after: `      for update skip locked)`,
    rule: "an instance that lost the lease can't renew it",
    near: ["lease_test.ts"],
  },
  {
    file: "lib/repository/lease.ts",
    before: "or lease_until > clock_timestamp() + lease_ms * interval '1 millisecond')",
    after: ")",
    rule: "a lease that another server's clock set does not keep everybody out",
    near: ["lease_test.ts"],
  },
  {
    file: "lib/repository/transaction.ts",
    before: "if (lease !== null && !isHeld(lease, state)) throw new LeaseLostError(lease);",
    after: "",
    rule: "an instance that lost the lease commits nothing",
    near: ["lease_test.ts"],
  },
  {
    file: "lib/repository/last_resort.ts",
    before: "    cursor: null,",
    after: "",
    rule: "the cursor moves with the last part of a split batch only",
    near: ["refused_row_test.ts"],
  },
];
