/** Times of the model: bigint Unix microseconds, read from RFC 3339 and written as the tables show them. */

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Unix microseconds of an RFC 3339 time with a zone, or null. Digits past the sixth are cut off. */
export function readMoment(text: string): bigint | null {
  const found = SHAPE.exec(text);
  if (found === null) return null;
  const number = (group: number): number => Number(found[group] ?? "0");
  const [year, month, day] = [number(1), number(2), number(3)];
  const [hour, minute, second] = [number(4), number(5), number(6)];
  const [zoneHour, zoneMinute] = [number(9), number(10)];
  if (year < 1 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return null;
  if (zoneHour > 23 || zoneMinute > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute, second);
  const zoneMs = (zoneHour * 60 + zoneMinute) * 60_000 * (found[8] === "-" ? -1 : 1);
  const fraction = BigInt((found[7] ?? "").padEnd(6, "0").slice(0, 6));
  return BigInt(date.getTime() - zoneMs) * 1000n + fraction;
}

/** `2026-08-20T09:30:01.004512Z`: six digits, always. Works for years 1 to 9999. */
export function writeMoment(us: bigint): string {
  const remainder = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const wholeSeconds = new Date(Number((us - remainder) / 1000n)).toISOString();
  return `${wholeSeconds.slice(0, -5)}.${remainder.toString().padStart(6, "0")}Z`;
}
