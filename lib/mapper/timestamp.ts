/** RFC 3339 times in one form, so that they compare as text. */

import { isoFromMicros } from "../micros.ts";
import type { JsonObject } from "../decoder/json.ts";

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** No real time is longer; the digits beyond are far below a microsecond. */
const MAX_LENGTH = 64;

/**
 * An RFC 3339 time with its zone as UTC with six fractional digits (`2026-08-20T09:30:01.004512Z`); further
 * digits are dropped. Null when it is invalid: a date that isn't in the calendar, a second 60 (which Postgres
 * would read as the next minute), or a year outside 1 to 9999 in UTC.
 */
export function normalizeTime(text: string): string | null {
  if (text.length > MAX_LENGTH) return null;
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [, y, mo, d, h, mi, s, fraction = "", sign, zoneH, zoneM] = match;
  const year = Number(y), month = Number(mo), day = Number(d);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (Number(h) > 23 || Number(mi) > 59 || Number(s) > 59) return null;
  const micros = fraction.slice(0, 6).padEnd(6, "0");
  if (sign === undefined) {
    return year < 1 ? null : `${y}-${mo}-${d}T${h}:${mi}:${s}.${micros}Z`;
  }
  if (Number(zoneH) > 23 || Number(zoneM) > 59) return null;
  const offset = (Number(zoneH) * 60 + Number(zoneM)) * (sign === "-" ? -1 : 1);
  const utc = new Date(0);
  utc.setUTCFullYear(year, month - 1, day);
  utc.setUTCHours(Number(h), Number(mi) - offset, Number(s));
  if (utc.getUTCFullYear() < 1 || utc.getUTCFullYear() > 9999) return null;
  return `${utc.toISOString().slice(0, 19)}.${micros}Z`;
}

/**
 * When a revision says that its record was made: its `createdAt` if that is a valid time and not after the
 * event, otherwise the time of the event. Never a reason to refuse a record.
 */
export function createdAt(record: JsonObject, timeUs: number): string {
  const eventTime = isoFromMicros(timeUs);
  if (!Object.hasOwn(record, "createdAt") || typeof record.createdAt !== "string") return eventTime;
  const claimed = normalizeTime(record.createdAt);
  return claimed !== null && claimed <= eventTime ? claimed : eventTime;
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeap ? 29 : DAYS[month - 1] ?? 0;
}
