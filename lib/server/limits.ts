/** What one request may take: of address, headers, body, time and company. */

import type { MiddlewareHandler } from "hono";
import { HttpError } from "./http_error.ts";

export interface RequestLimits {
  readonly maxUrlLength: number;
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
  /** Requests that are being answered at one time. */
  readonly maxConcurrent: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  maxUrlLength: 2_048,
  maxHeaderBytes: 16_384,
  maxBodyBytes: 16_384,
  timeoutMs: 10_000,
  maxConcurrent: 32,
};

/** Refuses what is too large before anything reads it. */
export function limitSize(limits: RequestLimits): MiddlewareHandler {
  return async function sized(context, next): Promise<void> {
    const { url, headers } = context.req.raw;
    if (url.length > limits.maxUrlLength) {
      throw new HttpError(414, "uri_too_long", "the address is too long");
    }
    let headerBytes = 0;
    for (const [name, value] of headers) headerBytes += name.length + value.length + 4;
    if (headerBytes > limits.maxHeaderBytes) {
      throw new HttpError(431, "headers_too_large", "the headers are too large");
    }
    const declared = headers.get("content-length");
    if (declared !== null && Number(declared) > limits.maxBodyBytes) throw bodyTooLarge();
    await next();
  };
}

/** Reads a body as text, no further than it may be long. */
export async function readBody(request: Request, maxBytes: number): Promise<string> {
  if (request.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > maxBytes) throw bodyTooLarge();
    chunks.push(chunk);
  }
  return await new Blob(chunks as BlobPart[]).text();
}

function bodyTooLarge(): HttpError {
  return new HttpError(413, "body_too_large", "the body is too large");
}

/**
 * Refuses requests while too many are being answered, and answers in time whatever the handler
 * does. What it began may go on.
 */
export function limitLoad(limits: RequestLimits): MiddlewareHandler {
  let answering = 0;
  return async function loaded(_context, next): Promise<void> {
    if (answering >= limits.maxConcurrent) {
      throw new HttpError(503, "busy", "too many requests at one time", { "retry-after": "1" });
    }
    answering++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const late = new HttpError(503, "timeout", "no answer in time; what was begun may go on");
      timer = setTimeout(() => reject(late), limits.timeoutMs);
    });
    const answered = next().finally(() => answering--);
    try {
      await Promise.race([answered, timeout]);
    } finally {
      clearTimeout(timer);
    }
  };
}
