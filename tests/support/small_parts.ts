import type { PartSizes } from "../../lib/repository/fold/transaction_options.ts";

/** So small that the batches of tests have several parts: results must not depend on where a part ends. */
export const SMALL_PARTS: PartSizes = { first: 1, next: 2 };
