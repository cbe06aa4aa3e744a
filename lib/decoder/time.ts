/** Times of the wire, as Unix microseconds. */

const RFC3339 =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Unix microseconds of an RFC 3339 time from 1970 to 2255; null for anything else. `Date` alone
 * would cut the fraction to milliseconds, and take a 31st of February for a day in March.
 */
export function microsFromRfc3339(text: unknown): number | null {
  const match = typeof text === "string" ? RFC3339.exec(text) : null;
  if (match === null) return null;
  const [, local, fraction = "", sign, hours, minutes] = match;
  const millis = Date.parse(`${local}Z`);
  // What comes back differently was no time: it rolled over into the next day or minute.
  if (Number.isNaN(millis) || !new Date(millis).toISOString().startsWith(`${local}.`)) return null;
  const offset = sign === undefined ? 0 : Number(hours) * 60 + Number(minutes);
  const minutesEast = sign === "-" ? -offset : offset;
  return micros(
    millis * 1000 - minutesEast * 60_000_000 + Number(fraction.slice(0, 6).padEnd(6, "0")),
  );
}

/** The time of an event. 0 is none: where times are kept it stands for there being none. */
export function eventTime(value: unknown): number | null {
  const timeUs = micros(value);
  return timeUs === 0 ? null : timeUs;
}

/** The value itself if it can be Unix microseconds or a cursor: a safe integer, not negative. */
export function micros(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
