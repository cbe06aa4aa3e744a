/** Reads the fields of one record and notes every problem; the caller gets only valid values. */

import { readMoment } from "./moment.ts";
import { readReference, type Written } from "./address.ts";

/** A reference to resolve: where it goes, what it names, and whether its author must own that. */
export interface Reference {
  readonly column: string;
  readonly target: string;
  readonly text: string;
  readonly written: Written;
  readonly owned: boolean;
}

/** An object of a message as a map, so that no key has a special meaning. */
export function entriesOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return new Map(Object.entries(value));
}

/** A number, or the text of one as the network's other lexicons write it: digits and one point, no exponent. */
export function decimal(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.length > 64) return null;
  const digits = /^[-+]/.test(value) ? value.slice(1) : value;
  const parts = digits.split(".");
  const isDecimal = parts.length <= 2 && parts.every((part) => /^[0-9]+$/.test(part));
  return isDecimal ? parseFloat(value) : null;
}

function codePoints(text: string): number {
  return [...text].length;
}

export class Fields {
  /** Reasons to reject the record. Each of them is a right answer. */
  readonly problems: string[] = [];
  readonly #record: ReadonlyMap<string, unknown>;

  constructor(record: ReadonlyMap<string, unknown>) {
    this.#record = record;
  }

  /** Null counts as absent. */
  get(name: string): unknown {
    return this.#record.get(name) ?? undefined;
  }

  required(name: string, max: number): string {
    const value = this.get(name);
    if (value === undefined) this.#missing(name);
    else if (value === "") this.problems.push("empty_field");
    return this.optional(name, max) ?? "";
  }

  optional(name: string, max: number): string | null {
    const value = this.get(name);
    if (value === undefined) return null;
    if (typeof value !== "string") {
      this.problems.push("invalid_type");
      return null;
    }
    if (codePoints(value) > max) this.problems.push("too_long");
    return value;
  }

  choice(name: string, values: readonly string[], fallback: string): string {
    const value = this.get(name);
    if (value === undefined) return fallback;
    if (typeof value !== "string") this.problems.push("invalid_type", "unknown_value");
    else if (!values.includes(value)) this.problems.push("unknown_value");
    return String(value);
  }

  texts(name: string, maxItems: number, maxLength: number): string[] {
    const value = this.get(name) ?? [];
    if (!Array.isArray(value)) {
      this.problems.push("invalid_type");
      return [];
    }
    if (value.length > maxItems) this.problems.push("too_many");
    for (const item of value) {
      if (typeof item !== "string") this.problems.push("invalid_type");
      else if (codePoints(item) > maxLength) this.problems.push("too_long");
    }
    return value.map(String);
  }

  weight(name: string, fallback: number): number {
    const value = decimal(this.get(name) ?? fallback);
    if (value === null) {
      this.problems.push("invalid_type");
      return fallback;
    }
    if (!(value >= 0 && value <= 1)) this.problems.push("out_of_range");
    return value;
  }

  flag(name: string): boolean {
    const value = this.get(name) ?? false;
    if (typeof value !== "boolean") this.problems.push("invalid_type");
    return value === true;
  }

  requiredMoment(name: string): bigint | null {
    if (this.get(name) === undefined) this.#missing(name);
    return this.moment(name);
  }

  moment(name: string): bigint | null {
    const value = this.get(name);
    if (value === undefined) return null;
    if (typeof value !== "string") {
      this.problems.push("invalid_type");
      return null;
    }
    const moment = readMoment(value);
    if (moment === null) this.problems.push("invalid_time");
    return moment;
  }

  reference(name: string, column: string, target: string, owned: boolean): Reference | null {
    const given = this.get(name);
    if (given === undefined) return null;
    // A strong reference names its record in `uri`.
    const value = entriesOf(given)?.get("uri") ?? given;
    if (typeof value !== "string") {
      this.problems.push("invalid_type");
      return null;
    }
    const written = value === "" ? null : readReference(value, target);
    if (written === null) {
      this.problems.push(value === "" ? "empty_field" : "invalid_reference");
      return null;
    }
    return { column, target, text: value, written, owned };
  }

  requiredReference(name: string, column: string, target: string, owned: boolean): Reference[] {
    if (this.get(name) === undefined) this.#missing(name);
    const reference = this.reference(name, column, target, owned);
    return reference === null ? [] : [reference];
  }

  /** A field that must be there is null or absent; null may also be called a wrong type. */
  #missing(name: string): void {
    this.problems.push("missing_field");
    if (this.#record.has(name)) this.problems.push("invalid_type");
  }
}
