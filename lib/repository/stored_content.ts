/** What a record of the ledger says, read again. */

import type { Content, Mapper } from "../mapper/content.ts";
import { idempotencyKey } from "../mapper/idempotency_key.ts";
import { isReason } from "../reason.ts";
import { type Refusals, refusedContent } from "./batch.ts";
import type { RecordRow } from "./stored_rows.ts";

/** Verdicts that other records can change. */
const REJECTED_BY_REFERENCE = new Set<string>(["not_scene_owner", "self_alliance"]);

/** Null when the row was loaded without its record. */
export function storedContent(row: RecordRow, mapper: Mapper, refusals: Refusals): Content | null {
  const { did, collection, rkey, state, reason, record } = row;
  if (state === "deleted") return { kind: "deleted" };
  const refused = refusals.size > 0 ? refusals.get(idempotencyKey(row, row.rev)) : undefined;
  if (refused !== undefined && record !== null) return refusedContent(refused, record);
  if (state === "rejected" && !REJECTED_BY_REFERENCE.has(reason ?? "")) return keptRejection(row);
  return record === null ? null : mapper.record({ did, collection, rkey }, record, row.time_us);
}

/** A record that was refused for itself stays refused; what is left of it may look valid by now. */
function keptRejection({ reason, record }: RecordRow): Content {
  const refusal = { reason: isReason(reason) ? reason : "invalid_record", detail: "" } as const;
  return { kind: "rejected", refusal, record, byDecoder: true };
}
