/** The newest records that were written, for the status page: addresses and states, no contents. */

import type { Committed } from "./pipeline.ts";
import type { Outcome } from "../repository/outcome.ts";
import type { State } from "../repository/fold/verdict.ts";

export interface RecentRecord {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
  readonly state: State;
  readonly reason: string | null;
  readonly at: Date;
}

const KEPT = 50;

export class RecentRecords {
  #records: readonly RecentRecord[] = [];

  get newest(): readonly RecentRecord[] {
    return this.#records;
  }

  add({ arrivals, result }: Committed): void {
    const added: RecentRecord[] = [];
    for (let index = arrivals.length - 1; index >= 0 && added.length < KEPT; index--) {
      const event = arrivals[index]?.event;
      const outcome = result.outcomes[index];
      if (event?.kind !== "commit" || outcome === undefined) continue;
      const state = stateOf(outcome, event.operation);
      if (state === null) continue;
      const { did, collection, rkey } = event;
      added.push({ did, collection, rkey, state, reason: null, at: new Date() });
    }
    this.#records = [...added, ...this.#records].slice(0, KEPT);
  }
}

function stateOf(outcome: Outcome, operation: string): State | null {
  switch (outcome) {
    case "applied":
      return operation === "delete" ? "deleted" : "applied";
    case "waiting":
      return "waiting";
    case "dead_letter":
      return "rejected";
    default:
      return null;
  }
}
