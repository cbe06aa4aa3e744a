/**
 * The closed list of reasons: the same words in tables, metrics and logs. Each says what was wrong with an
 * event, or what a record waits for; none contains a value from the wire.
 */
export const REASONS = [
  // Messages that can't be decoded.
  "message_too_large",
  "invalid_json",
  "invalid_cbor",
  "invalid_car",
  "invalid_zstd",
  "invalid_frame",
  "unknown_kind",
  "unknown_operation",
  // Addresses that can't be stored.
  "missing_field",
  "invalid_did",
  "invalid_collection",
  "invalid_rkey",
  "invalid_rev",
  "invalid_time",
  "invalid_handle",
  "invalid_field",
  "address_too_long",
  // Records that can't be stored.
  "missing_record",
  "invalid_record",
  "record_too_large",
  "record_too_deep",
  "unstorable_text",
  "unsafe_integer",
  "cid_mismatch",
  // Records that are stored as rejected.
  "invalid_type",
  "empty_field",
  "too_long",
  "too_many",
  "out_of_range",
  "unknown_value",
  "invalid_location",
  "invalid_geohash",
  "invalid_reference",
  "time_order",
  "self_alliance",
  "not_scene_owner",
  "database_refused",
  // Why a record of a known collection is stored but not mapped.
  "newer_version",
  // What a waiting record waits for.
  "parent_missing",
  "ambiguous_reference",
  "waiting_limit",
] as const;

export type Reason = typeof REASONS[number];

/** Whether a text, from a table or a command line, is one of the reasons. */
export function isReason(text: string | null): text is Reason {
  return text !== null && (REASONS as readonly string[]).includes(text);
}
