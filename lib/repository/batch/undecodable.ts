/** Writes messages that could not be decoded to the dead letters, each once. */

import type { TransactionSql } from "../connection/sql.ts";
import type { Event, Malformed } from "../../decoder/event.ts";
import type { Outcome } from "../outcome.ts";
import type { Writes } from "../fold/writes.ts";

export class UndecodableMessages {
  /** Messages that are dead letters already, or will be with this batch. */
  readonly #known = new Set<string>();

  /** Finds which messages of a batch are dead letters already. */
  async load(tx: TransactionSql, events: readonly Event[]): Promise<void> {
    const all = events.filter((event) => event.kind === "malformed");
    if (all.length === 0) return;
    const fingerprints = JSON.stringify(all.map(({ fingerprint }) => fingerprint));
    const known = await tx<{ fingerprint: string }[]>`
      select fingerprint from dead_letters where fingerprint in
        (select f collate "C" from json_array_elements_text(${fingerprints}::text::json) as f)`;
    for (const { fingerprint } of known) this.#known.add(fingerprint);
  }

  /**
   * Keeps a message if it is new. The network sends events of every account; messages of accounts without
   * stored records are dropped.
   *
   * @param isHeld whether records of an account are stored, and were at the time of the event (Unix
   * microseconds): otherwise a replay would keep messages that the first delivery dropped
   */
  keep(
    event: Malformed,
    isHeld: (did: string, timeUs: number | null) => boolean,
    writes: Writes,
  ): Outcome {
    const { account } = event;
    if (
      account === null ||
      (account !== undefined && !isHeld(account, event.position?.timeUs ?? null))
    ) return "ignored";
    if (this.#known.has(event.fingerprint)) return "duplicate";
    this.#known.add(event.fingerprint);
    writes.deadLetter({
      fingerprint: event.fingerprint,
      ...event.refusal,
      key: account === undefined ? null : { did: account },
      rev: null,
      payload: { excerpt: event.excerpt },
      superseded: false,
      retryInMs: null,
    });
    return "dead_letter";
  }
}
