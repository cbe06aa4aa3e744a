/** Whether a record's DAG-CBOR may be decoded at all. */

import { CborError, checkCbor } from "./check_cbor.ts";
import type { Refusal } from "../event.ts";
import type { Limits } from "../limits.ts";

/**
 * Refuses a record that is too large, too deep, or not one item of DAG-CBOR; null when it may be decoded. AT
 * Protocol's data model has no floats, so they are refused unless the caller allows them. The decoders do,
 * for wanted collections: records of the app hold places and weights.
 */
export function recordShapeRefusal(
  record: Uint8Array,
  limits: Limits,
  { floats = false }: { readonly floats?: boolean } = {},
): Refusal | null {
  // The exact JSON size is checked after decoding.
  if (record.length > limits.messageBytes) {
    return { reason: "record_too_large", detail: `the record has ${record.length} bytes` };
  }
  try {
    // The keys of a map count as items too.
    const itemsMax = 2 * limits.recordValues;
    checkCbor(record, { depthMax: limits.recordDepth, itemsMax, floats });
    return null;
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    if (error.fault === "items") {
      const detail = `the record has over ${limits.recordValues} values`;
      return { reason: "record_too_large", detail };
    }
    if (error.fault !== "depth") {
      return { reason: "invalid_record", detail: `the record is not DAG-CBOR: ${error.fault}` };
    }
    return {
      reason: "record_too_deep",
      detail: `the record is nested deeper than ${limits.recordDepth} levels`,
    };
  }
}
