/**
 * The names and accounts in a batch. The verdict of the ledger holds for a record that the batch refers to, unless
 * the batch can change that verdict. Only then must be loaded what that record refers to itself.
 */

import type { Event } from "../../decoder/event.ts";
import type { Mapper } from "../../mapper/content.ts";
import { keyOf, type Mentions } from "../../mapper/link.ts";
import { nameOf } from "./entry.ts";

export class BatchReferences {
  readonly #mapper: Mapper;
  /** Of the batch's records, and of the records that they refer to. */
  readonly #names = new Set<string>();
  /** Accounts that may change, and with them all of their records. */
  readonly #dids = new Set<string>();

  /** `mentions`: the references of the batch's records. */
  constructor(mapper: Mapper, events: readonly Event[], mentions: readonly Mentions[]) {
    this.#mapper = mapper;
    for (const event of events) {
      if (event.kind === "commit") this.#names.add(nameOf(event.collection, event.rkey));
      if (event.kind === "account" || event.kind === "sync") this.#dids.add(event.did);
    }
    for (const { author, links } of mentions) {
      for (const link of links) {
        const { collection, rkey } = keyOf(author, link);
        this.#names.add(nameOf(collection, rkey));
      }
    }
  }

  /** Whether the batch can change the verdict on a record with these references. */
  concerns({ author, links }: Mentions): boolean {
    return this.#dids.has(author) || links.some((link) => {
      const { did, collection, rkey } = keyOf(author, link);
      // The target has references of its own, which are not loaded.
      if (this.#mapper.between.has(collection)) return true;
      if (this.#names.has(nameOf(collection, rkey))) return true;
      // A bare rkey can mean the record of any account.
      return typeof link.target === "string" ? this.#dids.size > 0 : this.#dids.has(did);
    });
  }
}
