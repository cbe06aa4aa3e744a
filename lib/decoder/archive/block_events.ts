/** Converts rows of the archive to the same events as the live streams. */

import type { Address } from "../address.ts";
import { type Block, ROW_KIND } from "./block.ts";
import { cborObject } from "../cbor/cbor_object.ts";
import { recordCid } from "../cbor/cid.ts";
import { buildCommit } from "../wire/commit.ts";
import type { DecoderOptions } from "../wire/decoder.ts";
import type { Commit, Event, Position } from "../event.ts";
import { buildAccount, buildIdentity, buildSync } from "../wire/account_events.ts";
import { eventTime } from "../time.ts";

/** An upstream message holds scalars, and the bytes of a CAR. */
const MESSAGE_DEPTH = 4;

/** Which rows are wanted. The archive sends whole blocks, so the rest is dropped here. */
export interface RowFilter {
  /** Only rows from this index on. */
  readonly first?: number;
  /** Only rows before this index. */
  readonly end?: number;
  /** Repositories that are wanted; absent for all of them. */
  readonly dids?: ReadonlySet<string>;
}

/** The events of the requested rows of a block. */
export interface BlockEvents {
  /** One for each wanted row, in row order. */
  readonly events: readonly Event[];
  /** Size of these rows' payloads. */
  readonly bytes: number;
  /** Unwanted rows: nearly all. They are only counted. */
  readonly passed: number;
}

/**
 * The events of rows. An invalid row becomes a malformed event or a refused commit, without affecting other
 * rows. Never throws.
 */
export function eventsOf(
  block: Block,
  options: DecoderOptions,
  filter: RowFilter = {},
): BlockEvents {
  const { first = 0, end = block.length, dids } = filter;
  const events: Event[] = [];
  let bytes = 0;
  for (let row = first; row < end; row++) {
    if (!isWanted(block, row, options, dids)) continue;
    events.push(eventOf(block, row, options));
    bytes += block.payloadBytes(row);
  }
  return { events, bytes, passed: end - first - events.length };
}

/** A row without a collection is wanted, so that it is reported as malformed. */
function isWanted(
  block: Block,
  row: number,
  { wanted }: DecoderOptions,
  dids: ReadonlySet<string> | undefined,
): boolean {
  if (OPERATIONS.has(block.kind(row))) {
    const collection = block.collectionView(row);
    if (collection !== "" && !wanted.matches(collection)) return false;
  }
  return dids === undefined || dids.has(block.did(row));
}

function eventOf(block: Block, row: number, options: DecoderOptions): Event {
  const position = positionOf(block, row);
  const operation = OPERATIONS.get(block.kind(row));
  if (operation !== undefined) return commitOf(block, row, operation, position, options);
  const address = addressOf(block, row);
  const body = cborObject(block.payload(row), MESSAGE_DEPTH);
  const parts = { did: address.did, body, position, raw: rawOf(block, row, address) };
  if (block.kind(row) === ROW_KIND.identity) return buildIdentity(parts);
  return block.kind(row) === ROW_KIND.account ? buildAccount(parts) : buildSync(parts);
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
      // The archive stores no CID; it is the hash of the payload.
      cid: isEmpty ? null : recordCid(payload),
      record: isEmpty ? undefined : payload,
      position,
      raw: rawOf(block, row, address),
    },
    options,
  );
}

/** The imported time if there is one, otherwise the time at which the server saw the event. */
function positionOf(block: Block, row: number): Position | null {
  const timeUs = eventTime(block.indexedAt(row) || block.witnessedAt(row));
  return timeUs === null ? null : { cursor: block.seq(row), timeUs };
}

/** Each name is decoded once per row: the event and its fingerprint use the same text. */
function addressOf(block: Block, row: number): Address {
  return {
    did: block.did(row),
    collection: block.collection(row),
    rkey: block.rkey(row),
    rev: block.rev(row),
  };
}

/** Text that identifies this row, the same each time it is read. */
function rawOf(block: Block, row: number, { did, collection, rkey, rev }: Address): string {
  return `${block.seq(row)}\0${block.kind(row)}\0${did}\0${collection}\0${rkey}\0${rev}`;
}
