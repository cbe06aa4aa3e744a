/** Rows of the archive to the same events that the live streams have. */

import { decode } from "@atcute/cbor";
import type { Address } from "./address.ts";
import { type Block, ROW_KIND } from "./block.ts";
import { checkCbor } from "./cbor_shape.ts";
import { recordCid } from "./cid.ts";
import { buildCommit } from "./commit.ts";
import type { DecoderOptions } from "./decoder.ts";
import type { Commit, Event, Position } from "./event.ts";
import { isObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { buildAccount, buildIdentity, buildSync } from "./markers.ts";
import { recordShapeRefusal } from "./record_shape.ts";
import { eventTime } from "./time.ts";

/** Which rows are asked for. The archive answers in whole blocks, so the rest is dropped here. */
export interface RowFilter {
  /** Only rows after this seq. */
  readonly afterSeq?: number;
  /** Only rows up to and with this seq. */
  readonly throughSeq?: number;
  /** Repositories that are wanted; absent for all of them. */
  readonly dids?: ReadonlySet<string>;
}

/**
 * One event for each row within the range, in the order of seq. A row that can't be taken is a
 * malformed event or a refused commit; it never costs its neighbours. Never throws.
 */
export function eventsOf(block: Block, options: DecoderOptions, filter: RowFilter = {}): Event[] {
  const { afterSeq = 0, throughSeq = Number.MAX_SAFE_INTEGER } = filter;
  const events: Event[] = [];
  for (let row = 0; row < block.length; row++) {
    const seq = block.seq(row);
    if (seq <= afterSeq || seq > throughSeq) continue;
    events.push(eventOf(block, row, options, filter.dids));
  }
  return events;
}

function eventOf(
  block: Block,
  row: number,
  options: DecoderOptions,
  dids: ReadonlySet<string> | undefined,
): Event {
  const position = positionOf(block, row);
  const operation = OPERATIONS.get(block.kind(row));
  if (operation !== undefined) {
    const collection = block.collectionView(row);
    const isWanted = collection === "" || options.wanted.matches(collection);
    if (!isWanted || (dids !== undefined && !dids.has(block.did(row)))) {
      return { kind: "foreign", what: "commit", collection, position };
    }
    return commitOf(block, row, operation, position, options);
  }
  const address = addressOf(block, row);
  const { did } = address;
  const what = block.kind(row) === ROW_KIND.identity
    ? "identity"
    : block.kind(row) === ROW_KIND.account
    ? "account"
    : "sync";
  if (dids !== undefined && !dids.has(did)) {
    return { kind: "foreign", what, collection: null, position };
  }
  const body = bodyOf(block.payload(row));
  const parts = { did, body, position, raw: rawOf(block, row, address) };
  if (what === "identity") return buildIdentity(parts);
  if (what === "account") return buildAccount(parts);
  return buildSync(parts);
}

const OPERATIONS: ReadonlyMap<number, Commit["operation"]> = new Map([
  [ROW_KIND.create, "create"],
  [ROW_KIND.update, "update"],
  [ROW_KIND.delete, "delete"],
  [ROW_KIND.replacement, "create"],
]);

function commitOf(
  block: Block,
  row: number,
  operation: Commit["operation"],
  position: Position | null,
  options: DecoderOptions,
): Event {
  const payload = block.payload(row);
  const isDelete = operation === "delete";
  const isEmpty = isDelete || payload.length === 0;
  const address = addressOf(block, row);
  return buildCommit(
    {
      ...address,
      operation,
      // The archive stores no CID: the payload is exactly what its CID is the hash of.
      cid: isEmpty ? null : recordCid(payload),
      record: isEmpty ? undefined : payload,
      refusal: isEmpty ? null : recordShapeRefusal(payload, options.limits, { floats: true }),
      position,
      raw: rawOf(block, row, address),
    },
    options,
  );
}

/** An imported time, where there is one, else the time at which the server saw the event. */
function positionOf(block: Block, row: number): Position | null {
  const timeUs = eventTime(block.indexedAt(row) || block.witnessedAt(row));
  return timeUs === null ? null : { cursor: block.seq(row), timeUs };
}

/** An upstream message: a map of scalars, and the bytes of a CAR. Null where it is none. */
function bodyOf(payload: Uint8Array): JsonObject | null {
  try {
    checkCbor(payload, { depthMax: 4 });
    const body: unknown = decode(payload);
    return isObject(body) ? body : null;
  } catch {
    return null;
  }
}

/** Each name is decoded once for a row: the event and its fingerprint are made of the same text. */
function addressOf(block: Block, row: number): Address {
  return {
    did: block.did(row),
    collection: block.collection(row),
    rkey: block.rkey(row),
    rev: block.rev(row),
  };
}

/** What only this row has, and has again when it is read again. */
function rawOf(block: Block, row: number, { did, collection, rkey, rev }: Address): string {
  return `${block.seq(row)}\0${block.kind(row)}\0${did}\0${collection}\0${rkey}\0${rev}`;
}
