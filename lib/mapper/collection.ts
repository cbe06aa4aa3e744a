/**
 * What a collection is: data. One module declares its NSID, its table and columns, its references
 * and a pure function from record to row; one generic writer serves all of them.
 */

import type { JsonObject } from "../decoder/json.ts";
import type { Refusal } from "../decoder/event.ts";
import type { Upgrade } from "./form.ts";

/** The address of a record. */
export interface RecordKey {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
}

/** A column of the product table that the record decides. */
export interface Column {
  readonly name: string;
  /**
   * SQL type of the value in `Row`. `point` is a geography that takes `[longitude, latitude]` or
   * null. Times are RFC 3339 text.
   */
  readonly type:
    | "text"
    | "text[]"
    | "timestamptz"
    | "jsonb"
    | "float8"
    | "boolean"
    | "point";
  /**
   * Null means: when the record was made, by the earliest of its revisions. So the default of a time
   * does not move when the author changes something else.
   */
  readonly orCreated?: true;
  /** Says what the record says only while the row is shown. */
  readonly whileShown?: true;
  /** Cleared when the row is hidden, so that a place never outlives its record. */
  readonly place?: true;
  /**
   * A moderator's additions to the array survive the author's updates. The table keeps the author's
   * own items in a column of the same name with `author_` before it.
   */
  readonly merged?: true;
}

/** A field of the record that names another record. */
export interface Reference {
  /** Wire field, for error texts. */
  readonly field: string;
  /** Column that takes the other row's id. */
  readonly column: string;
  /** Collection of the record that it names. */
  readonly target: string;
  /** The author must own the record that it names. */
  readonly owned: boolean;
  /** For a collection with decisions: whether only those make it, or only the requests. */
  readonly madeBy?: "decisions" | "requests";
}

/** Column name to value; numbers, strings, booleans, null, or JSON for `jsonb` and arrays. */
export type Row = Readonly<Record<string, unknown>>;

/** What the mapper knows besides the record. */
export interface Context {
  readonly key: RecordKey;
  /** When the stream says that this revision happened, Unix microseconds. */
  readonly timeUs: number;
  /** HMAC key for `display_point`. */
  readonly jitterSecret: string;
}

/** A record as a row, without the columns of its references. */
export interface Mapped {
  readonly row: Row;
}

/** A lexicon document: https://atproto.com/specs/lexicon */
export interface Lexicon {
  readonly lexicon: number;
  readonly id: string;
  readonly defs: Readonly<Record<string, unknown>>;
}

/** One collection of the app. */
export interface Collection {
  readonly nsid: string;
  /** What writers of its records rely on. */
  readonly lexicon: Lexicon;
  /** Counts up whenever the same record makes another row or refusal: `reindex` maps older ones again. */
  readonly mapping: number;
  /** What makes each older form of a record the next one, oldest first. Absent: there was one form. */
  readonly upgrades?: readonly Upgrade[];
  readonly table: string;
  readonly columns: readonly Column[];
  /** Every reference that a record can make; alternatives may share a column. */
  readonly references: readonly Reference[];
  /** Its references must resolve to different records. */
  readonly distinctReferences?: true;
  /**
   * Wire field that names an account. A record that names another than its author's is a decision
   * about it, and answers a request: a record of that account, of this collection, with the same
   * references.
   */
  readonly decidesAbout?: string;
  /** SQL assignments, the table being `t`, for when a row stops being live, besides what all do. */
  readonly whenHidden?: string;
  /** Maps a coarsened record of the newest form, or says why it can't be one. */
  readonly map: (record: JsonObject, context: Context) => Mapped | Refusal;
}

/** Tells a refusal from a mapped record. */
export function isRefusal(result: Mapped | Refusal): result is Refusal {
  return "reason" in result;
}
