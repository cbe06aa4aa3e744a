/** The model's own parser of a frame: its content, or every reason to reject it. */

import { isDid, isNsid, isRev, isRkey } from "./address.ts";
import { unwrap } from "./envelope.ts";
import { entriesOf } from "./fields.ts";

export interface CommitFrame {
  readonly kind: "commit";
  readonly did: string;
  readonly timeUs: number;
  readonly collection: string;
  readonly rkey: string;
  readonly rev: string;
  readonly deletes: boolean;
  readonly record: ReadonlyMap<string, unknown> | null;
  /** Reasons to reject the record; the commit still counts as the newest revision. */
  readonly refusals: readonly string[];
}

export interface AccountFrame {
  readonly kind: "account";
  readonly did: string;
  readonly timeUs: number;
  readonly relaySeq: number;
  readonly active: boolean;
  readonly status: string | null;
}

export interface IdentityFrame {
  readonly kind: "identity";
  readonly did: string;
  readonly timeUs: number;
  readonly relaySeq: number;
  /** Null for text that is no handle; undefined where the event has none. */
  readonly handle: string | null | undefined;
}

/** A rebuilt repository: its stored records are void, and its current records follow. */
export interface SyncFrame {
  readonly kind: "sync";
  readonly did: string;
  readonly timeUs: number;
}

export type Frame =
  | CommitFrame
  | AccountFrame
  | IdentityFrame
  | SyncFrame
  | { readonly kind: "foreign" }
  | {
    readonly kind: "malformed";
    readonly reasons: readonly string[];
    /** Of an event about an account: its DID, null when that is none. */
    readonly account?: string | null;
    /** Of such an event: when it was, null when it does not tell. */
    readonly timeUs?: number | null;
  };

const OWN_KINDS: ReadonlySet<string> = new Set(["commit", "account", "identity"]);

const MAX_DEPTH = 100;

/** A delivery repeats frames, and each is read for the plain stream and for every way to deliver it. */
const MOST_KEPT = 2_000;
const kept = new Map<string, Frame>();

export function readFrame(frame: unknown): Frame {
  if (typeof frame !== "string") return readMessage(frame);
  let read = kept.get(frame);
  if (read === undefined) {
    if (kept.size === MOST_KEPT) kept.clear();
    kept.set(frame, read = readText(frame));
  }
  return read;
}

function readText(frame: string): Frame {
  try {
    return readMessage(JSON.parse(frame));
  } catch {
    return malformed("invalid_json");
  }
}

function malformed(...reasons: string[]): Frame & { kind: "malformed" } {
  return { kind: "malformed", reasons };
}

function readMessage(message: unknown): Frame {
  const whole = entriesOf(message);
  if (whole === null) return malformed("invalid_frame", "invalid_json", "invalid_type");
  const parts = unwrap(whole);
  const kind = parts.get("kind");
  if (typeof kind !== "string") return malformed("missing_field", "unknown_kind", "invalid_frame");
  // In v1 there is no such kind as sync: a message of it is as any other of a kind to come.
  const isKnown = kind === "sync" ? parts !== whole : OWN_KINDS.has(kind);
  if (!isKnown) return { kind: "foreign" };
  const frame = readParts(kind, parts);
  if (frame.kind !== "malformed" || kind === "commit") return frame;
  const did = parts.get("did");
  const time = parts.get("time_us");
  const timeUs = typeof time === "number" && Number.isSafeInteger(time) && time > 0 ? time : null;
  return { ...frame, account: typeof did === "string" && isDid(did) ? did : null, timeUs };
}

function readParts(kind: string, parts: ReadonlyMap<string, unknown>): Frame {
  const body = entriesOf(parts.get(kind));
  if (body === null) return malformed("missing_field", "invalid_frame", "invalid_type");
  const collection = body.get("collection");
  const isForeign = typeof collection === "string" && isNsid(collection) &&
    !collection.startsWith("app.subcult.");
  if (kind === "commit" && isForeign) return { kind: "foreign" };
  const [did, timeUs] = [parts.get("did"), parts.get("time_us")];
  if (did === undefined) return malformed("missing_field", "invalid_did");
  if (typeof did !== "string" || !isDid(did)) return malformed("invalid_did", "invalid_type");
  if (timeUs === undefined) return malformed("missing_field", "invalid_time");
  if (typeof timeUs !== "number" || !Number.isSafeInteger(timeUs) || timeUs <= 0) {
    return malformed("invalid_time", "invalid_type", "out_of_range");
  }
  if (kind === "commit") return readCommit(did, timeUs, body);
  if (kind === "sync") return { kind, did, timeUs };
  const relaySeq = Number(body.get("seq") ?? 0);
  if (kind === "identity") {
    const handle = body.get("handle");
    return { kind, did, timeUs, relaySeq, handle: handleOf(handle) };
  }
  const [active, status] = [body.get("active"), body.get("status")];
  if (typeof active !== "boolean") return malformed("missing_field", "invalid_type");
  // Only words are kept, which can't contain a place.
  const said = typeof status === "string" && /^[a-z][a-z. :#-]*$/i.test(status) ? status : null;
  return { kind: "account", did, timeUs, relaySeq, active, status: said };
}

/** A host name of several labels, the last of which begins with a letter. */
function handleOf(handle: unknown): string | null | undefined {
  if (typeof handle !== "string" || handle === "") return undefined;
  const labels = handle.split(".");
  const isLabel = (label: string): boolean =>
    label.length > 0 && label.length < 64 && /^[a-z0-9-]+$/i.test(label) &&
    !label.startsWith("-") && !label.endsWith("-");
  const isHost = labels.length > 1 && labels.every(isLabel) && handle.length < 254;
  return isHost && /^[a-z]/i.test(labels.at(-1) ?? "") ? handle : null;
}

function readCommit(did: string, timeUs: number, body: ReadonlyMap<string, unknown>): Frame {
  const [collection, rkey] = [body.get("collection"), body.get("rkey")];
  const [rev, operation] = [body.get("rev"), body.get("operation")];
  if ([collection, rkey, rev, operation].includes(undefined)) {
    return malformed("missing_field", "unknown_operation");
  }
  if (typeof collection !== "string" || !isNsid(collection)) return malformed("invalid_collection");
  if (typeof rkey !== "string" || !isRkey(rkey)) return malformed("invalid_rkey", "invalid_type");
  if (typeof rev !== "string" || !isRev(rev)) return malformed("invalid_rev", "invalid_type");
  if (operation !== "create" && operation !== "update" && operation !== "delete") {
    return malformed("unknown_operation");
  }
  const deletes = operation === "delete";
  const written = body.get("record");
  const record = deletes ? null : entriesOf(written);
  const refusals = deletes ? [] : refusalsOf(written);
  return { kind: "commit", did, timeUs, collection, rkey, rev, deletes, record, refusals };
}

/** Every reason for which this value can't be kept as a record. */
function refusalsOf(record: unknown): string[] {
  if (record === undefined) return ["missing_record"];
  if (entriesOf(record) === null) return ["invalid_record", "missing_record", "invalid_type"];
  const reasons = new Set<string>();
  let level: unknown[] = [record];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) reasons.add("record_too_deep");
    for (const value of level) {
      if (typeof value === "string" && !isStorable(value)) reasons.add("unstorable_text");
    }
    level = level.flatMap(insideOf);
  }
  return [...reasons];
}

/** The values inside a value, keys included. */
function insideOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const parts = entriesOf(value);
  return parts === null ? [] : [...parts.keys(), ...parts.values()];
}

/** Postgres keeps neither U+0000 nor half a surrogate pair. */
function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
