/**
 * Identity, account and sync events, from the bodies of the relay; the protocols only wrap these bodies
 * differently.
 */

import { isDid, isHandle, isRev } from "../address.ts";
import type { Message } from "../raw_message.ts";
import type { Account, Identity, Malformed, Position, Refusal, Sync } from "../event.ts";
import { isObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { malformed } from "../malformed.ts";
import { micros } from "../time.ts";

/** The parts of an account event as received, unvalidated. */
export interface AccountEventParts {
  readonly did: unknown;
  /** The relay's message: `handle`, or `active` and `status`, or `rev`; with `did` and `seq`. */
  readonly body: unknown;
  /** Null when the message has no usable time. */
  readonly position: Position | null;
  /** The whole message, or bytes that identify this row. */
  readonly raw: Message;
}

/**
 * Statuses are an open set: one or several words, possibly namespaced. Digits are not kept, because a place
 * could be written with them.
 */
const STATUS = /^[A-Za-z](?:[A-Za-z._:#/ -]{0,126}[A-Za-z])?$/;

/** A handle that was announced or withdrawn. Never throws. */
export function buildIdentity(parts: AccountEventParts): Identity | Malformed {
  const marker = readMarker("identity", parts);
  if (marker.kind === "malformed") return marker;
  const handle = marker.body.handle ?? "";
  if (typeof handle !== "string") {
    return refuse("identity", parts, "invalid_handle", "the handle is not text");
  }
  return {
    kind: "identity",
    did: marker.did,
    // The event is never rejected because of its handle, which is only displayed.
    handle: handle === "" ? undefined : isHandle(handle) ? handle : null,
    relaySeq: micros(marker.body.seq) ?? 0,
    position: marker.position,
  };
}

/** An account's state. Never throws. */
export function buildAccount(parts: AccountEventParts): Account | Malformed {
  const marker = readMarker("account", parts);
  if (marker.kind === "malformed") return marker;
  const { active, status } = marker.body;
  if (typeof active !== "boolean") {
    const reason = active === undefined ? "missing_field" : "invalid_field";
    return refuse("account", parts, reason, "active is not true or false");
  }
  return {
    kind: "account",
    did: marker.did,
    active,
    // `active` alone decides: the event is never rejected because of its status.
    status: typeof status === "string" && STATUS.test(status) ? status : null,
    relaySeq: micros(marker.body.seq) ?? 0,
    position: marker.position,
  };
}

/** The rebuild of a repository. Never throws. */
export function buildSync(parts: AccountEventParts): Sync | Malformed {
  const marker = readMarker("sync", parts);
  if (marker.kind === "malformed") return marker;
  const { rev } = marker.body;
  if (!isRev(rev)) {
    const reason = rev === undefined ? "missing_field" : "invalid_rev";
    return refuse("sync", parts, reason, "the sync has no usable revision");
  }
  return { kind: "sync", recordsFollow: true, did: marker.did, rev, position: marker.position };
}

interface Marker {
  readonly kind: "marker";
  readonly did: string;
  readonly body: JsonObject;
  readonly position: Position;
}

function readMarker(kind: string, parts: AccountEventParts): Marker | Malformed {
  const { did, body, position } = parts;
  if (!isDid(did)) {
    const missing = did === undefined || did === null || did === "";
    return refuse(kind, parts, missing ? "missing_field" : "invalid_did", "there is no usable DID");
  }
  if (!isObject(body)) return refuse(kind, parts, "missing_field", "the body is missing");
  if (body.did !== undefined && body.did !== did) {
    return refuse(kind, parts, "invalid_did", "the message and its body name different DIDs");
  }
  if (position === null) {
    return refuse(kind, parts, "invalid_time", "there is no usable time, or no usable cursor");
  }
  return { kind: "marker", did, body, position };
}

function refuse(
  kind: string,
  parts: AccountEventParts,
  reason: Refusal["reason"],
  detail: string,
): Malformed {
  return malformed({ reason, detail }, parts.raw, parts.position, { kind, did: parts.did });
}
