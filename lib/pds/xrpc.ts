/** The AT Protocol queries for reading a repository, and the meaning of their errors. */

import { get, type GetOptions, type Got } from "./get.ts";
import { SourceError, type Standing } from "./source_error.ts";

/** Sends a query. Throws a `SourceError` for every status but 200. */
export async function query(
  server: URL,
  method: string,
  parameters: Readonly<Record<string, string>>,
  options: GetOptions,
): Promise<Got> {
  const url = new URL(`/xrpc/${method}`, server);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const got = await get(url, options);
  if (got.status === 200) return got;
  throw failureOf(url.host, method, got);
}

/** The body of an answer as an object. */
export function jsonOf({ body }: Got, host: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below, with everything else that is not an object.
  }
  throw new SourceError("invalid", `cannot read ${host}: the answer is no JSON object`);
}

/** The lexicons' error names for a repository that is not available, with what each says about the account. */
const ABSENT: ReadonlyMap<string, Standing> = new Map([
  ["RepoNotFound", "gone"],
  ["AccountNotFound", "gone"],
  ["RepoDeactivated", "deactivated"],
  ["RepoSuspended", "suspended"],
  ["RepoTakendown", "takendown"],
]);

const NAME = /^[A-Za-z]{1,64}$/;

function failureOf(host: string, method: string, got: Got): SourceError {
  const error = errorName(got);
  const message = `cannot read ${host}: ${method} answered ${got.status}${
    error ? ` ${error}` : ""
  }`;
  const standing = ABSENT.get(error);
  if (standing !== undefined) return new SourceError("absent", message, { standing });
  return new SourceError("unreachable", message, { retryAfterMs: retryAfterMs(got.headers) });
}

function errorName({ body }: Got): string {
  try {
    const { error } = JSON.parse(new TextDecoder().decode(body)) as { readonly error?: unknown };
    return typeof error === "string" && NAME.test(error) ? error : "";
  } catch {
    return "";
  }
}

/** The longest wait that a server may ask for: some give the reset in milliseconds, which is millennia. */
const LONGEST_ASKED_MS = 24 * 60 * 60_000;

/** `Retry-After` in seconds or as a date, and the reset of the rate limit: up to a day; 0 without either. */
export function retryAfterMs(headers: Headers): number {
  const after = headers.get("retry-after") ?? "";
  const reset = Number(headers.get("ratelimit-reset") ?? NaN) * 1000 - Date.now();
  const wait = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  const asked = [wait, reset].reduce((most, ms) => ms > most ? ms : most, 0);
  return Math.min(asked, LONGEST_ASKED_MS);
}
