/** An error answer: thrown anywhere in the server, translated in one place. */

import type { ContentfulStatusCode } from "hono/utils/http-status";

export class HttpError extends Error {
  override readonly name = "HttpError";
  /**
   * @param code snake_case, for programs
   * @param message a sentence for a person; never with anything from the request
   */
  constructor(
    readonly status: ContentfulStatusCode,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The one form of every JSON error. */
export function errorAnswer({ status, code, message, headers }: HttpError): Response {
  return Response.json({ error: code, message }, { status, headers });
}
