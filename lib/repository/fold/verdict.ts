/** The verdict on a record: its state, and why. */

import type { Reason } from "../../reason.ts";
import type { Entry } from "./entry.ts";
import type { State } from "./state.ts";

/** The verdict on a record: a function of the current records and accounts alone. */
export interface Verdict {
  readonly state: State;
  readonly reason: Reason | null;
  /** For a rejected record: what was wrong. */
  readonly detail: string | null;
  /** For a waiting record: the first reference that does not resolve, or the request that is missing. */
  readonly waitingFor: string | null;
  /**
   * Names that other records can take later: bare references that the author's own repository never had
   * (collection/rkey), and the request that a decision answers (collection/DID).
   */
  readonly loose: readonly string[] | null;
  /** For an applied record: the records that its references resolve to. */
  readonly parents: readonly Parent[];
}

/** A reference column, and the record that it refers to. */
export interface Parent {
  readonly column: string;
  readonly entry: Entry;
}

/** Verdicts without further details. */
export const PLAIN: Readonly<Record<State, Verdict>> = {
  applied: plain("applied"),
  waiting: plain("waiting"),
  rejected: plain("rejected"),
  deleted: plain("deleted"),
  suppressed: plain("suppressed"),
  unmapped: plain("unmapped"),
};

function plain(state: State): Verdict {
  return { state, reason: null, detail: null, waitingFor: null, loose: null, parents: [] };
}

export function applied(parents: readonly Parent[], loose: readonly string[] | null): Verdict {
  return { ...PLAIN.applied, loose, parents };
}

export function rejected(
  reason: Reason,
  detail: string,
  loose: readonly string[] | null,
): Verdict {
  return { state: "rejected", reason, detail, waitingFor: null, loose, parents: [] };
}

export function waits(
  reason: Reason,
  waitingFor: string,
  loose: readonly string[] | null,
): Verdict {
  return { state: "waiting", reason, detail: null, waitingFor, loose, parents: [] };
}

/** Whether the ledger already stores the verdict. */
export function isStored({ stored }: Entry, verdict: Verdict): boolean {
  return stored !== null && stored.state === verdict.state && stored.reason === verdict.reason &&
    stored.waitingFor === verdict.waitingFor &&
    (stored.loose ?? []).join("\n") === (verdict.loose ?? []).join("\n");
}
