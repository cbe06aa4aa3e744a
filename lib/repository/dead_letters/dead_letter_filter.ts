/** Selects dead letters: the same filter for the command line, the API and the page. */

import type { Asking, Query } from "../connection/sql.ts";
import { isReason, REASONS } from "../../reason.ts";

/** A dead letter must match every given part. */
export interface DeadLetterFilter {
  readonly state?: "open" | "resolved";
  readonly reason?: string;
  /** An NSID, or a prefix that ends in `.*`. */
  readonly collection?: string;
  /** The author's DID. */
  readonly did?: string;
  readonly olderThan?: Date;
  readonly newerThan?: Date;
}

/** A filter as the user wrote it. */
export interface WrittenFilter {
  readonly reason?: string | undefined;
  readonly collection?: string | undefined;
  readonly did?: string | undefined;
  readonly olderThan?: string | undefined;
  readonly newerThan?: string | undefined;
}

/** What each part of a filter accepts, as the end of the sentence "expected …". */
const FILTER_ACCEPTS: Readonly<Record<keyof WrittenFilter, string>> = {
  reason: `one of: ${REASONS.join(", ")}`,
  collection: "an NSID, or a prefix that ends in .*",
  did: "a DID, like did:plc:…",
  olderThan: "an age like 30m, 12h or 7d, or an RFC 3339 time",
  newerThan: "an age like 30m, 12h or 7d, or an RFC 3339 time",
};

/** A part of a filter that can't be used. */
export class FilterError extends Error {
  override readonly name = "FilterError";
  /** What the part accepts. */
  readonly accepts: string;
  constructor(readonly part: keyof WrittenFilter) {
    super(`cannot use ${part}: expected ${FILTER_ACCEPTS[part]}`);
    this.accepts = FILTER_ACCEPTS[part];
  }
}

/** @throws {FilterError} naming the first part that can't be used */
export function readFilter(written: WrittenFilter, now: Date): DeadLetterFilter {
  const { reason, collection, did, olderThan, newerThan } = written;
  if (reason !== undefined && !isReason(reason)) throw new FilterError("reason");
  if (collection !== undefined && !COLLECTION.test(collection)) throw new FilterError("collection");
  if (did !== undefined && !DID.test(did)) throw new FilterError("did");
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(collection === undefined ? {} : { collection }),
    ...(did === undefined ? {} : { did }),
    ...(olderThan === undefined ? {} : { olderThan: momentOf("olderThan", olderThan, now) }),
    ...(newerThan === undefined ? {} : { newerThan: momentOf("newerThan", newerThan, now) }),
  };
}

const COLLECTION = /^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)*(\.\*)?$/;
const DID = /^did:[a-z]+:[A-Za-z0-9._:%-]+$/;
const AGE = /^(\d{1,6})(m|h|d)$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function momentOf(part: "olderThan" | "newerThan", text: string, now: Date): Date {
  const [, amount, unit = ""] = AGE.exec(text) ?? [];
  const ms = amount === undefined
    ? TIME.test(text) ? Date.parse(text) : NaN
    : now.getTime() - Number(amount) * (UNIT_MS[unit] ?? NaN);
  const isInRange = ms >= 0 && ms < 4e12;
  if (!isInRange) throw new FilterError(part);
  return new Date(ms);
}

/** The `where` condition. */
export function matching(sql: Asking, filter: DeadLetterFilter): Query<unknown> {
  const { state, reason, collection, did, olderThan, newerThan } = filter;
  const prefix = collection?.endsWith(".*") ? collection.slice(0, -1) : undefined;
  return sql`true
    ${state === undefined ? sql`` : sql`and (resolved_at is null) = ${state === "open"}`}
    ${reason === undefined ? sql`` : sql`and reason = ${reason}`}
    ${prefix === undefined ? sql`` : sql`and starts_with(collection, ${prefix})`}
    ${
    collection === undefined || prefix !== undefined ? sql`` : sql`and collection = ${collection}`
  }
    ${did === undefined ? sql`` : sql`and did = ${did}`}
    ${olderThan === undefined ? sql`` : sql`and created_at < ${olderThan}`}
    ${newerThan === undefined ? sql`` : sql`and created_at >= ${newerThan}`}`;
}

/** The condition for dead letters with one of these ids. As a text, because the driver knows no type of arrays. */
export function idIn(sql: Asking, ids: readonly number[]): Query<unknown> {
  return sql`id in (select i::bigint from json_array_elements_text(${
    JSON.stringify(ids)
  }::text::json) as i)`;
}
