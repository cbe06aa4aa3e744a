/** How a record stands among the others. */

import type { Reason } from "../../reason.ts";
import type { Entry } from "./entry.ts";
import type { State } from "./state.ts";

/** How a record stands among the others: a function of the current records and accounts alone. */
export interface Verdict {
  readonly state: State;
  readonly reason: Reason | null;
  /** For a rejected record: what was wrong. */
  readonly detail: string | null;
  /** For a waiting record: the first reference that does not resolve, or the request that is due. */
  readonly waitingFor: string | null;
  /**
   * Names that others can come to bear: of bare references that the author's own repository never
   * had (collection/rkey), and of the request that a decision answers (collection/DID).
   */
  readonly loose: readonly string[] | null;
  /** For an applied record: what its references resolve to. */
  readonly parents: readonly Parent[];
}

/** A reference column, and the record that it names. */
export interface Parent {
  readonly column: string;
  readonly entry: Entry;
}

/** Verdicts with nothing to add. */
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

/** Whether the ledger says of a record what the verdict says. */
export function isStored({ stored }: Entry, verdict: Verdict): boolean {
  return stored !== null && stored.state === verdict.state && stored.reason === verdict.reason &&
    stored.waitingFor === verdict.waitingFor &&
    (stored.loose ?? []).join("\n") === (verdict.loose ?? []).join("\n");
}
