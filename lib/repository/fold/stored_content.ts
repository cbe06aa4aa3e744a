/** Rebuilds the content of a record from its ledger row. */

import {
  type Body,
  type Content,
  type Mapper,
  NEWER,
  type Revision,
} from "../../mapper/content.ts";
import type { JsonObject } from "../../decoder/json.ts";
import { coarsenStored } from "../../mapper/consent/consent.ts";
import { idempotencyKey } from "../../mapper/idempotency_key.ts";
import { isReason, type Reason } from "../../reason.ts";
import { type Refusals, type RefusedRecord, refusedRevision } from "./batch.ts";
import type { Entry } from "./entry.ts";
import type { RecordRow } from "./stored_rows.ts";

/** Rejections that a change of another record can undo. */
const REJECTED_BY_REFERENCE = new Set<string>(["not_scene_owner", "self_alliance"]);

/** Whether judging a record needs its fields. Otherwise state and collection are enough. */
export function hasLinks(collection: string, mapper: Mapper): boolean {
  return mapper.collections.some(({ nsid, references }) =>
    nsid === collection && references.length > 0
  );
}

/** Null when the ledger no longer has the fields that are needed. */
export function storedContent(row: RecordRow, mapper: Mapper, refusals: Refusals): Content | null {
  const { state, reason, fields } = row;
  const isLost = fields === null && hasLinks(row.collection, mapper);
  if (state === "deleted") return { kind: "deleted" };
  // Also when this version knows the form by now: `reindex` maps the whole collection.
  if (reason === NEWER.reason) return NEWER;
  const refused = refusalOf(row, row.rev, refusals);
  if (refused !== undefined) return refusedRevision(refused, null).content;
  // A record that was rejected for its own content stays rejected: what was kept of it may look valid.
  if (state === "rejected" && (isLost || !REJECTED_BY_REFERENCE.has(reason ?? ""))) {
    const refusal = { reason: isReason(reason) ? reason : "invalid_record", detail: "" } as const;
    return { kind: "rejected", refusal, byDecoder: true };
  }
  return isLost ? null : mapper.content(row, fields ?? {});
}

/** The revision that the ledger stores. Its mapped content may differ if an older version stored it. */
export function storedRevision(
  entry: Entry,
  record: JsonObject | null,
  mapper: Mapper,
  refusals: Refusals,
): Revision {
  const { key, rev, content, timeUs } = entry;
  const refused = refusalOf(key, rev ?? "", refusals);
  if (refused !== undefined) return refusedRevision(refused, record);
  if (record !== null && content?.kind === "mapped") return mapper.record(key, record, timeUs);
  const body: Body = { record, row: null };
  return { content: content ?? { kind: "deleted" }, body };
}

/** Reasons that come from the mapper or from other records. */
const BY_MAPPER: ReadonlySet<string> = new Set<Reason>([
  "missing_field",
  "invalid_type",
  "empty_field",
  "too_long",
  "too_many",
  "out_of_range",
  "unknown_value",
  "invalid_did",
  "invalid_time",
  "invalid_reference",
  "time_order",
  "self_alliance",
  "not_scene_owner",
]);

/**
 * Coarsens and maps a ledger record with the current rules, and notes in the entry whether it has to be stored again.
 * One that the decoder or Postgres rejected stays rejected: what was kept of it may look valid.
 */
export function remappedRevision(
  entry: Entry,
  written: JsonObject | null,
  mapper: Mapper,
  refusals: Refusals,
): Revision {
  const { key, stored, timeUs } = entry;
  const coarse = written === null ? null : coarsenStored(key.collection, written);
  const record = coarse?.record ?? null;
  entry.coarsened = record === written ? null : record;
  const isMappable = stored?.state !== "rejected" || BY_MAPPER.has(stored.reason ?? "");
  const refused = refusalOf(key, entry.rev ?? "", refusals);
  const refusal = coarse?.refusal ?? null;
  if (refusal !== null && isMappable && refused === undefined) {
    return { content: { kind: "rejected", refusal, byDecoder: true }, body: { record, row: null } };
  }
  return record !== null && isMappable && refused === undefined
    ? mapper.record(key, record, timeUs)
    : storedRevision(entry, record, mapper, refusals);
}

function refusalOf(
  key: Entry["key"],
  rev: string,
  refusals: Refusals,
): RefusedRecord | undefined {
  return refusals.size > 0 ? refusals.get(idempotencyKey(key, rev)) : undefined;
}
