/**
 * What a batch names. A record that its records refer to stands as the ledger says, and what that refers to in its
 * turn need not be known, unless the batch may change it.
 */

import type { Event } from "../../decoder/event.ts";
import type { Mapper } from "../../mapper/content.ts";
import { keyOf, type Mentions } from "../../mapper/link.ts";
import { nameOf } from "./entry.ts";

export class Named {
  readonly #mapper: Mapper;
  /** Of its records, and of what they refer to. */
  readonly #names = new Set<string>();
  /** Accounts all of whose records may change. */
  readonly #dids = new Set<string>();

  /** `mentions`: what its records say about others. */
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

  /** Whether what a record refers to is named too, or may change by what is. */
  concerns({ author, links }: Mentions): boolean {
    return this.#dids.has(author) || links.some((link) => {
      const { did, collection, rkey } = keyOf(author, link);
      // That stands as others do, and those are not known.
      if (this.#mapper.between.has(collection)) return true;
      if (this.#names.has(nameOf(collection, rkey))) return true;
      // A bare rkey can mean the record of any account.
      return typeof link.target === "string" ? this.#dids.size > 0 : this.#dids.has(did);
    });
  }
}
