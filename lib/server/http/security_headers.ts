/** Headers of every answer, errors included: no caching, framing, sniffing or cross-origin reading. */

import { createHash } from "node:crypto";
import type { MiddlewareHandler } from "hono";

/** Data answers run and load nothing. */
const DATA_POLICY =
  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex",
};

/** Sets the headers, replacing existing ones; an existing policy stays. */
export function secure(response: Response): Response {
  const { headers } = response;
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", DATA_POLICY);
  return response;
}

export function securityHeaders(): MiddlewareHandler {
  return async function secured(context, next): Promise<void> {
    await next();
    secure(context.res);
  };
}

/**
 * The policy of a page: its own inline scripts and styles by their digests, data from its own origin, its
 * embedded images, and nothing else.
 */
export function pagePolicy(page: string): string {
  return [
    "default-src 'none'",
    `script-src ${digests(page, "script")}`,
    `style-src ${digests(page, "style")}`,
    "connect-src 'self'",
    "img-src data:",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function digests(page: string, tag: "script" | "style"): string {
  const elements = page.matchAll(new RegExp(`<${tag}(?:\\s[^>]*)?>(.*?)</${tag}>`, "gis"));
  // Browsers normalise line ends before they compute the digest.
  const contents = [...elements].map(([, content = ""]) => content.replaceAll(/\r\n?/g, "\n"));
  if (contents.length === 0) return "'none'";
  return contents
    .map((content) => `'sha256-${createHash("sha256").update(content).digest("base64")}'`)
    .join(" ");
}
