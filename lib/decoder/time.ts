/** Times of the wire, as Unix microseconds. */

const RFC3339 =
  /^([12]\d{3})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Unix microseconds of an RFC 3339 time from 1970 to 2255; null for anything else. `Date` alone would cut the
 * fraction to milliseconds and accept 31 February as a day in March. A fraction may have any length; digits
 * below a microsecond are dropped. The validity check formats no text, which took a quarter of the time of a
 * foreign firehose frame.
 */
export function microsFromRfc3339(text: unknown): number | null {
  const match = typeof text === "string" ? RFC3339.exec(text) : null;
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = "", sign, hours, minutes] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A day that doesn't exist rolls over to another month or day.
  if (date.getUTCMonth() + 1 !== Number(month) || date.getUTCDate() !== Number(day)) return null;
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const offset = sign === undefined ? 0 : Number(hours) * 60 + Number(minutes);
  const minutesEast = sign === "-" ? -offset : offset;
  return micros(
    (date.getTime() + seconds * 1000 - minutesEast * 60_000) * 1000 +
      Number(fraction.slice(0, 6).padEnd(6, "0")),
  );
}

/** The time of an event. 0 is invalid: stored times use it for "none". */
export function eventTime(value: unknown): number | null {
  const timeUs = micros(value);
  return timeUs === 0 ? null : timeUs;
}

/** Whole numbers that a safe integer can be. */
const DIGITS = /^\d{1,16}$/;

/**
 * A number that can be Unix microseconds or a cursor: a safe, non-negative integer, also as a text of digits:
 * some JSON writers, protobuf's among them, quote 64-bit integers.
 */
export function micros(value: unknown): number | null {
  const number = typeof value === "string" && DIGITS.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : null;
}
