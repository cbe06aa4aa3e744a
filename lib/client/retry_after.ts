/** A number from here on is a time of day, below it a number of seconds (2001, or 31 years). */
const UNIX_SECONDS_FROM = 1e9;

/**
 * How long a server asks not to be retried, milliseconds; null when it doesn't say.
 *
 * `RateLimit-Reset` has precedence over `Retry-After`. The archive's proxy writes Unix seconds into it, the
 * drafts of its standard mean seconds from now: the size tells which. A time of day is compared with the
 * server's own clock when the answer has it, so that a wrong local clock does no harm.
 *
 * @param nowMs the wall clock, Unix milliseconds
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const serverMs = Date.parse(headers.get("date") ?? "");
  const origin = Number.isNaN(serverMs) ? nowMs : serverMs;
  return fromReset(headers.get("ratelimit-reset"), origin) ??
    fromRetryAfter(headers.get("retry-after"), origin);
}

function fromReset(text: string | null, nowMs: number): number | null {
  const seconds = wholeSeconds(text);
  if (seconds === null) return null;
  return seconds < UNIX_SECONDS_FROM ? seconds * 1000 : Math.max(0, seconds * 1000 - nowMs);
}

function fromRetryAfter(text: string | null, nowMs: number): number | null {
  const seconds = wholeSeconds(text);
  if (seconds !== null) return seconds * 1000;
  const at = text === null ? NaN : Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

function wholeSeconds(text: string | null): number | null {
  return text !== null && /^\d{1,12}$/.test(text.trim()) ? Number(text) : null;
}
