/** Authentication. There are no cookies, so no foreign page can use a browser's rights. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Secret } from "../../secret.ts";
import { HttpError } from "./http_error.ts";

/** Always open: for load balancers and process managers. */
const OPEN: ReadonlySet<string> = new Set(["/health", "/ready"]);

const ADMIN = /^\/api\/dead-letters(\/|$)/;

/**
 * With a token, everything but health and readiness requires it. Without one, everything is open, but only
 * under known host names, and the dead letter API is off.
 */
export function authenticate(token: Secret | null, hosts: readonly string[]): MiddlewareHandler {
  const expected = token === null ? null : digest(token.reveal());
  return async function authenticated(context, next): Promise<void> {
    const { path } = context.req;
    if (expected === null) {
      if (ADMIN.test(path)) throw ADMIN_OFF;
      if (!OPEN.has(path) && !isKnown(new URL(context.req.url), hosts)) throw UNKNOWN_HOST;
      return await next();
    }
    if (
      !OPEN.has(path) && !sentTokens(context.req.raw.headers).some((sent) => is(sent, expected))
    ) {
      throw FORBIDDEN;
    }
    await next();
  };
}

export const FORBIDDEN = new HttpError(
  403,
  "forbidden",
  "send the token as Authorization: Bearer, or as X-Internal-Token",
);

const ADMIN_OFF = new HttpError(
  403,
  "admin_off",
  "the dead letter API is off: set INTERNAL_AUTH_TOKEN to use it",
);

const UNKNOWN_HOST = new HttpError(
  403,
  "unknown_host",
  "the host is not an IP address, localhost or a name in HTTP_ALLOWED_HOSTS",
);

/** A foreign page can point its own name to our address (DNS rebinding), but can't change that name. */
function isKnown({ hostname }: URL, hosts: readonly string[]): boolean {
  return /^\[|^\d+(\.\d+){3}$|^(.*\.)?localhost$/.test(hostname) ||
    hosts.some((host) => host.toLowerCase() === hostname);
}

function sentTokens(headers: Headers): readonly string[] {
  const bearer = /^bearer +(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  return [bearer, headers.get("x-internal-token")].filter((sent) => typeof sent === "string");
}

/** Compares digests: equal length for any input, and a time that reveals nothing about matching parts. */
function is(sent: string, expected: Uint8Array): boolean {
  return timingSafeEqual(digest(sent), expected);
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
