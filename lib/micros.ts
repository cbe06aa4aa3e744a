/** Unix microseconds, the stream's unit of time, as text that Postgres reads without loss. */

/** RFC 3339 in UTC with six fractional digits. `Date` alone would cut to milliseconds. */
export function isoFromMicros(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = micros - millis * 1000;
  return new Date(millis).toISOString().replace("Z", String(rest).padStart(3, "0") + "Z");
}
