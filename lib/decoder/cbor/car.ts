/**
 * CAR version 1, the container of a commit's blocks: a length and a header in DAG-CBOR, then for each block a
 * length, a CID and the data, to the end. Source: the CARv1 specification of IPLD.
 */

import { CidLinkWrapper, decode } from "@atcute/cbor";
import { checkCbor } from "./check_cbor.ts";
import { CID_BYTES, cidKey, isCid } from "./cid.ts";

/** Invalid or truncated CAR. */
export class CarError extends Error {
  override readonly name = "CarError";
}

export interface Car {
  /** Binary CIDs, as the header names them. */
  readonly roots: readonly Uint8Array[];
  /** Data by `cidKey`; not yet verified against the CID. */
  readonly blocks: ReadonlyMap<string, Uint8Array>;
}

/** The header is a map that holds an array. */
const HEADER_DEPTH = 2;

/**
 * Parses a whole CAR. The data of its blocks are views of `bytes`; callers verify each block that they use.
 * With `wanted`, only blocks of these keys and the root's are kept: a CAR can have very many. Throws a
 * `CarError`.
 */
export function readCar(bytes: Uint8Array, wanted?: ReadonlySet<string>): Car {
  const header = readSection(bytes, 0);
  const roots = readRoots(bytes.subarray(header.start, header.end));
  const blocks = new Map<string, Uint8Array>();
  const rootKeys = new Set(roots.map(cidKey));
  let at = header.end;
  while (at < bytes.length) {
    const { start, end } = readSection(bytes, at);
    if (end - start < CID_BYTES || !isCid(bytes, start)) {
      throw new CarError(`cannot read a CAR: got a block without a CID at byte ${start}`);
    }
    const data = start + CID_BYTES;
    const key = cidKey(bytes.subarray(start, data));
    if (wanted === undefined || wanted.has(key) || rootKeys.has(key)) {
      blocks.set(key, bytes.subarray(data, end));
    }
    at = end;
  }
  return { roots, blocks };
}

/** A LEB128 length, at most four bytes here, and the range that it covers. */
function readSection(bytes: Uint8Array, at: number): { start: number; end: number } {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte >= 0x80) continue;
    const start = at + i + 1;
    if (length <= bytes.length - start) return { start, end: start + length };
    throw new CarError(
      `cannot read a CAR: got ${bytes.length - start} bytes at byte ${start}, expected ${length}`,
    );
  }
  throw new CarError(`cannot read a CAR: got no length at byte ${at}, expected one below 2^28`);
}

function readRoots(header: Uint8Array): Uint8Array[] {
  let value: unknown;
  try {
    checkCbor(header, { depthMax: HEADER_DEPTH });
    value = decode(header);
  } catch (cause) {
    throw new CarError("cannot read a CAR: got a header that is not DAG-CBOR", { cause });
  }
  const { version, roots } = (value ?? {}) as { version?: unknown; roots?: unknown };
  if (version !== 1 || !Array.isArray(roots)) {
    throw new CarError("cannot read a CAR: got a header of another kind, expected version 1");
  }
  return roots.map((root) => {
    if (root instanceof CidLinkWrapper) return root.bytes;
    throw new CarError("cannot read a CAR: got a root that is not a CID");
  });
}
