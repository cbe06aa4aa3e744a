/**
 * The definition of a collection, as data: one module declares its NSID, its table and columns, its
 * references and a pure function from record to row. One generic writer serves all of them.
 */

import type { JsonObject } from "../decoder/json.ts";
import type { Refusal } from "../decoder/event.ts";
import type { Upgrade } from "./schema_version.ts";

/** The address of a record. */
export interface RecordKey {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
}

/** A column of the product table that the record sets. */
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
   * For null: the time when the record was made, by its earliest revision. So the default does not move when
   * the author changes something else.
   */
  readonly orCreated?: true;
  /** Has the record's value only while the row is live. */
  readonly whileShown?: true;
  /** Cleared when the row is hidden, so that a location never outlives its record. */
  readonly place?: true;
  /**
   * A moderator's additions to the array survive the author's updates. The table keeps the author's own items
   * in a column of the same name with the prefix `author_`.
   */
  readonly merged?: true;
}

/** A field of the record that refers to another record. */
export interface Reference {
  /** Field of the record, for error texts. */
  readonly field: string;
  /** Column for the other row's id. */
  readonly column: string;
  /** Collection of the record that it refers to. */
  readonly target: string;
  /** Whether the author must own the record that it refers to. */
  readonly owned: boolean;
  /** For a collection with decisions: whether only decisions or only requests have this reference. */
  readonly madeBy?: "decisions" | "requests";
}

/** Column name to value; numbers, strings, booleans, null, or JSON for `jsonb` and arrays. */
export type Row = Readonly<Record<string, unknown>>;

/** The mapper's input besides the record. */
export interface Context {
  readonly key: RecordKey;
  /** Time of this revision in the stream, Unix microseconds. */
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
  /** The schema that writers of its records use. */
  readonly lexicon: Lexicon;
  /** Increased whenever the same record gives another row or refusal: `reindex` maps older ones again. */
  readonly mapping: number;
  /** Converts each older form of a record to the next one, oldest first. Absent: there was one form. */
  readonly upgrades?: readonly Upgrade[];
  readonly table: string;
  readonly columns: readonly Column[];
  /** Every reference that a record can have; alternatives may share a column. */
  readonly references: readonly Reference[];
  /** Its references must resolve to different records. */
  readonly distinctReferences?: true;
  /**
   * Field that names an account. A record that names an account other than its author's is a decision about
   * it. It answers a request: a record of that account, in this collection, with the same references.
   */
  readonly decidesAbout?: string;
  /** SQL assignments, with the table as `t`, when a row stops being live, in addition to the common ones. */
  readonly whenHidden?: string;
  /** Maps a coarsened record of the newest form, or refuses it with a reason. */
  readonly map: (record: JsonObject, context: Context) => Mapped | Refusal;
}

/** Tells a refusal from a mapped record. */
export function isRefusal(result: Mapped | Refusal): result is Refusal {
  return "reason" in result;
}
