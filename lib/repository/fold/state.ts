/** The states of a record in the ledger. */
export type State = "applied" | "waiting" | "rejected" | "deleted" | "suppressed" | "unmapped";
