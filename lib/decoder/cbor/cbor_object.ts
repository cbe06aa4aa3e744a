import { decode } from "@atcute/cbor";
import { isObject, type JsonObject } from "../json.ts";
import { checkCbor } from "./check_cbor.ts";

/** A map of DAG-CBOR, nested no deeper than `depthMax`. Null when the bytes are anything else. */
export function cborObject(bytes: Uint8Array, depthMax: number): JsonObject | null {
  try {
    checkCbor(bytes, { depthMax });
    const value: unknown = decode(bytes);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
