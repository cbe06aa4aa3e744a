/** Unix microseconds, the stream's unit of time, as text that Postgres reads without loss. */

/** RFC 3339 in UTC with six fractional digits. `Date` alone would cut to milliseconds. */
export function isoFromMicros(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  if (seconds !== last.seconds) {
    last = { seconds, text: new Date(seconds * 1000).toISOString().replace("000Z", "") };
  }
  return `${last.text}${String(micros - seconds * 1_000_000).padStart(6, "0")}Z`;
}

/** The last second. Events are ordered by time, and a record has several times. */
let last = { seconds: NaN, text: "" };
