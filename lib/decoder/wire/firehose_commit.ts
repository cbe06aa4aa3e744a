/**
 * Commits of the firehose: each lists operations, and brings their blocks in a CAR. The relay is trusted to
 * have verified the signature; the hashes of the blocks are verified here.
 */

import { BytesWrapper, CidLinkWrapper, decode } from "@atcute/cbor";
import { type Car, CarError, readCar } from "../cbor/car.ts";
import { checkCbor } from "../cbor/check_cbor.ts";
import { cidKey, isCidOf } from "../cbor/cid.ts";
import { buildCommit, readRecord, type RecordContent, without } from "./commit.ts";
import type { DecoderOptions } from "./decoder.ts";
import type { Event, Position, Refusal } from "../event.ts";
import { isObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { malformed } from "../malformed.ts";
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
    ? openCar(body, did, body.commit, named)
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
  const blocks = openCar(body, body.did, undefined, new Set());
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

type Blocks = Car["blocks"];

/**
 * The blocks, after checking that their root is the commit of the message: the commit object must hash to its
 * CID and name the same repository and revision.
 */
function openCar(
  body: JsonObject,
  did: unknown,
  commit: unknown,
  wanted: ReadonlySet<string>,
): Blocks | Refusal {
  const blocks: unknown = body.blocks;
  if (!(blocks instanceof BytesWrapper)) return refusal("the commit brings no blocks");
  let car: Car;
  try {
    car = readCar(blocks.buf, wanted);
  } catch (error) {
    if (error instanceof CarError) return refusal("the commit's blocks are not a CAR");
    throw error;
  }
  const [root] = car.roots;
  if (root === undefined) return refusal("the CAR has no root");
  if (commit !== undefined) {
    if (!(commit instanceof CidLinkWrapper) || cidKey(commit.bytes) !== cidKey(root)) {
      return refusal("the CAR's root is another commit");
    }
  }
  const object = car.blocks.get(cidKey(root));
  if (object === undefined) return refusal("the CAR does not hold the commit");
  if (!isCidOf(root, object)) return refusal("the commit does not hash to its CID");
  const signed = decodeCommit(object);
  if (signed === null) return refusal("the commit is not a map of DAG-CBOR");
  if (signed.did !== did) return refusal("the commit is of another repository");
  if (signed.rev !== body.rev) return refusal("the commit is of another revision");
  return car.blocks;
}

function decodeCommit(bytes: Uint8Array): JsonObject | null {
  try {
    checkCbor(bytes, { depthMax: 2 });
    const value: unknown = decode(bytes);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function refusal(detail: string): Refusal {
  return { reason: "invalid_car", detail };
}

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
