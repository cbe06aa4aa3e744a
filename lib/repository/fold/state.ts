/** What the ledger says of each record. */
export type State = "applied" | "waiting" | "rejected" | "deleted" | "suppressed" | "unmapped";
