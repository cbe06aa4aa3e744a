/** The events that the demo shows: a waiting record, the arrival of its parent, and a dead letter. */

import type { Sql } from "../lib/repository/connection/sql.ts";
import { REFUSED_EVENT, WAITING_EVENT } from "./sample_stream.ts";

interface Seen {
  readonly rkey: string;
  readonly state: string;
  readonly waiting_for: string | null;
  readonly reason: string | null;
  readonly detail: string | null;
}

export class Tour {
  readonly #print: (line: string) => void;
  /** The last printed state of each record. */
  readonly #printed = new Map<string, string>();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Prints each change of state of the two events once. */
  async look(sql: Sql): Promise<void> {
    const seen = await sql<Seen[]>`
      select r.rkey, r.state, r.waiting_for, r.reason, l.detail from records as r
      left join dead_letters as l using (did, collection, rkey, rev)
      where r.collection = 'app.subcult.event' and r.rkey in (${WAITING_EVENT}, ${REFUSED_EVENT})
      order by r.indexed_at`;
    for (const record of seen) {
      if (this.#printed.get(record.rkey) === record.state) continue;
      const line = this.#lineOf(record);
      this.#printed.set(record.rkey, record.state);
      if (line !== null) this.#print(line);
    }
  }

  #lineOf({ rkey, state, waiting_for, reason, detail }: Seen): string | null {
    switch (state) {
      case "waiting":
        return `waiting      the event ${rkey} waits for its scene: ${waiting_for}`;
      case "applied":
        return this.#printed.get(rkey) === "waiting"
          ? `applied      its scene arrived, so the event ${rkey} is applied`
          : null;
      case "rejected":
        return `dead letter  the event ${rkey}: ${detail} (${reason}). ` +
          "The page shows it under Dead letters, to retry or discard.";
    }
    return null;
  }
}
