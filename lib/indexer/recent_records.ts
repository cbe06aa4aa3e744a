/** Addresses of the newest written records, for the status page. No contents. */

import type { Outcome } from "../repository/outcome.ts";
import type { Committed } from "./pipeline.ts";

export interface RecentRecord {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
  readonly at: Date;
}

const KEPT = 50;

/** Outcomes of events whose revision the ledger stores. */
const WRITTEN: ReadonlySet<Outcome> = new Set(["applied", "waiting", "dead_letter"]);

export class RecentRecords {
  /** By address, the newest first. */
  #records = new Map<string, RecentRecord>();

  get newest(): readonly RecentRecord[] {
    return [...this.#records.values()];
  }

  add({ arrivals, result }: Committed): void {
    const records = new Map<string, RecentRecord>();
    for (let index = arrivals.length - 1; index >= 0 && records.size < KEPT; index--) {
      const event = arrivals[index]?.event;
      const outcome = result.outcomes[index];
      if (event?.kind !== "commit" || outcome === undefined || !WRITTEN.has(outcome)) continue;
      const { did, collection, rkey } = event;
      const address = `${did}/${collection}/${rkey}`;
      if (!records.has(address)) records.set(address, { did, collection, rkey, at: new Date() });
    }
    for (const [address, record] of this.#records) {
      if (records.size >= KEPT) break;
      if (!records.has(address)) records.set(address, record);
    }
    this.#records = records;
  }
}
