/**
 * Commits of the firehose: each lists operations, and brings their blocks in a CAR. The relay is trusted to
 * have verified the signature; the hashes of the blocks are verified here.
 */

import { CidLinkWrapper } from "@atcute/cbor";
import { cidKey, isCidOf } from "../cbor/cid.ts";
import { buildCommit, readRecord, type RecordContent, without } from "./commit.ts";
import type { DecoderOptions } from "./decoder.ts";
import type { Event, Position, Refusal } from "../event.ts";
import { isObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { malformed } from "../malformed.ts";
import { type Blocks, openBlocks } from "./firehose_blocks.ts";
import { buildSync } from "./account_events.ts";

/** The protocol's limit. It also bounds frames that repeat one record in every operation. */
const OPERATIONS_MAX = 200;

/**
 * One event for each operation, in order. A commit whose CAR is broken, or belongs to another commit, is
 * malformed as a whole, because nothing else in it can be trusted. A missing or altered record affects only
 * its own operation.
 */
export function readCommit(
  body: JsonObject,
  position: Position | null,
  raw: Uint8Array,
  options: DecoderOptions,
): readonly Event[] {
  const { repo: did, ops } = body;
  const bad = (refusal: Refusal): Event[] => [
    malformed(refusal, raw, position, { kind: "commit", did, rev: body.rev }),
  ];
  if (!Array.isArray(ops)) return bad({ reason: "missing_field", detail: "ops is not an array" });
  if (ops.length === 0) {
    // Without its operations it is unknown whether the commit concerns wanted records.
    return body.tooBig === true
      ? bad(TOO_BIG)
      : [{ kind: "foreign", what: "commit", collection: null, position }];
  }
  if (ops.length > OPERATIONS_MAX) return bad(TOO_MANY_OPERATIONS);
  const operations = ops.map(readOperation);
  const wanted = operations.filter(({ collection }) => options.wanted.matches(collection));
  const named = new Set(
    wanted.flatMap(({ cid }) => cid instanceof CidLinkWrapper ? [cidKey(cid.bytes)] : []),
  );
  const blocks = wanted.length > 0 && body.tooBig !== true
    ? openBlocks(body, did, body.commit, named)
    : NO_BLOCKS;
  if ("reason" in blocks) return bad(blocks);
  const records = new FrameRecords(blocks, body.tooBig === true, options);
  return operations.map(({ action, collection, rkey, cid }) => {
    if (collection !== "" && !options.wanted.matches(collection)) {
      return { kind: "foreign", what: "commit", collection, position };
    }
    return buildCommit(
      {
        did,
        collection,
        rkey,
        rev: body.rev,
        operation: action,
        cid: cid instanceof CidLinkWrapper ? cid.$link : null,
        record: undefined,
        content: () => records.read(collection, cid),
        position,
        // The frame may have other operations: this text identifies one of them.
        raw: [did, body.rev, action, collection, rkey].map(textOf).join("\0"),
      },
      options,
    );
  });
}

/** Any other type could have its own `toString`. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A repository's new state without its operations. Its CAR holds only the commit. */
export function readSync(body: JsonObject, position: Position | null, raw: Uint8Array): Event {
  const blocks = openBlocks(body, body.did, undefined, new Set());
  if (!("reason" in blocks)) return buildSync({ did: body.did, body, position, raw });
  return malformed(blocks, raw, position, { kind: "sync", did: body.did, rev: body.rev });
}

interface Operation {
  readonly action: unknown;
  readonly collection: string;
  readonly rkey: string;
  readonly cid: unknown;
}

/** Missing or mistyped parts become empty, which no valid address allows. */
function readOperation(op: unknown): Operation {
  const { action, path, cid } = isObject(op) ? op : EMPTY;
  const text = textOf(path);
  const slash = text.indexOf("/");
  return {
    action,
    collection: slash < 0 ? "" : text.slice(0, slash),
    rkey: slash < 0 ? "" : text.slice(slash + 1),
    cid,
  };
}

const EMPTY: JsonObject = {};

/** The records of a frame. Several operations can name one block: it is hashed and decoded once. */
class FrameRecords {
  readonly #blocks: Blocks;
  readonly #tooBig: boolean;
  readonly #options: DecoderOptions;
  readonly #read = new Map<string, RecordContent>();

  constructor(blocks: Blocks, tooBig: boolean, options: DecoderOptions) {
    this.#blocks = blocks;
    this.#tooBig = tooBig;
    this.#options = options;
  }

  read(collection: string, cid: unknown): RecordContent {
    if (!(cid instanceof CidLinkWrapper)) return without(NO_CID);
    const key = `${collection}/${cidKey(cid.bytes)}`;
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const content = this.#decode(collection, cid.bytes);
    this.#read.set(key, content);
    return content;
  }

  #decode(collection: string, cid: Uint8Array): RecordContent {
    const record = this.#blocks.get(cidKey(cid));
    if (record === undefined) return without(this.#tooBig ? TOO_BIG : NOT_IN_CAR);
    if (!isCidOf(cid, record)) return without(ALTERED);
    return readRecord(collection, { record, raw: record }, this.#options);
  }
}

const NO_BLOCKS: Blocks = new Map();
const TOO_MANY_OPERATIONS: Refusal = {
  reason: "too_many",
  detail: `ops: got over ${OPERATIONS_MAX} operations, expected no more`,
};
const TOO_BIG: Refusal = {
  reason: "missing_record",
  detail: "the commit was too big to bring its records; the repository has to be fetched",
};
const NOT_IN_CAR: Refusal = {
  reason: "missing_record",
  detail: "the commit's CAR does not hold the record",
};
const NO_CID: Refusal = { reason: "missing_record", detail: "the operation names no record" };
const ALTERED: Refusal = {
  reason: "cid_mismatch",
  detail: "the record does not hash to its CID",
};
