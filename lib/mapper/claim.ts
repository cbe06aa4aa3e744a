/**
 * Requests and decisions. A request is a record by which an account asks for something; a decision
 * answers it in somebody else's repository, and ends when the account takes its request back. What
 * a request asked for has to be known after its delete, so the ledger keeps it as one short key.
 */

import type { RecordKey } from "./collection.ts";
import type { Link } from "./content.ts";
import { uuidOf } from "./record_id.ts";

/** What an account asks for with a link. */
export function claimOf(did: string, { reference, target }: Link): string {
  return typeof target === "string"
    ? claimKey(did, `${reference.target}/${target}`)
    : claimKey(did, uriOf(target));
}

/**
 * All that an account can have written to ask for a record. A bare rkey asks for whatever record of
 * that name there is.
 */
export function claimsOn(did: string, record: RecordKey): readonly string[] {
  return [
    claimKey(did, uriOf(record)),
    claimKey(did, `${record.collection}/${record.rkey}`),
  ];
}

function uriOf({ did, collection, rkey }: RecordKey): string {
  return `at://${did}/${collection}/${rkey}`;
}

function claimKey(did: string, name: string): string {
  return uuidOf(`${did}\0${name}`);
}
