/** The blocks that a commit of the firehose brings, in a CAR. */

import { BytesWrapper, CidLinkWrapper } from "@atcute/cbor";
import { type Car, CarError, readCar } from "../cbor/car.ts";
import { cborObject } from "../cbor/cbor_object.ts";
import { cidKey, isCidOf } from "../cbor/cid.ts";
import type { Refusal } from "../event.ts";
import type { JsonObject } from "../json.ts";

/** A commit object holds nothing but links and scalars. */
const COMMIT_DEPTH = 2;

/** Bytes by `cidKey`. */
export type Blocks = Car["blocks"];

/**
 * The blocks, after checking that their root is the commit of the message: the commit object must hash to its
 * CID and name the same repository and revision.
 */
export function openBlocks(
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
  const signed = cborObject(object, COMMIT_DEPTH);
  if (signed === null) return refusal("the commit is not a map of DAG-CBOR");
  if (signed.did !== did) return refusal("the commit is of another repository");
  if (signed.rev !== body.rev) return refusal("the commit is of another revision");
  return car.blocks;
}

function refusal(detail: string): Refusal {
  return { reason: "invalid_car", detail };
}
