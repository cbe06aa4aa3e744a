/** The event for a deletion that the account's source confirms. */

import type { Account } from "../../lib/decoder/event.ts";
import { didOf } from "./sample_events.ts";

/** `untilUs`: the time of the newest stored record. */
export function confirmedDeletion(
  name: string,
  deletedAtUs: number,
  untilUs = deletedAtUs,
): Account {
  return {
    kind: "account",
    did: name.startsWith("did:") ? name : didOf(name),
    active: false,
    status: "deleted",
    confirmed: deletedAtUs,
    relaySeq: 0,
    position: { cursor: 0, timeUs: untilUs },
  };
}
