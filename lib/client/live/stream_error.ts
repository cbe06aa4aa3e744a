/** The cursor is older than the server's live events. The archive has the rest. */
export class CursorTooOldError extends Error {
  override readonly name = "CursorTooOldError";
  /** `Endpoint.source` of that server. */
  readonly source: string;
  /** The requested cursor. */
  readonly cursor: string | null;

  constructor(source: string, cursor: string | null, message: string) {
    super(`cannot resume at cursor ${cursor} on ${source}: ${message}`);
    this.source = source;
    this.cursor = cursor;
  }
}

/** Every server refuses the request and would refuse it again: the settings are wrong. */
export class InvalidRequestError extends Error {
  override readonly name = "InvalidRequestError";

  constructor(source: string, message: string) {
    super(`cannot subscribe at ${source}: ${message}`);
  }
}

/** The configured number of attempts in a row has failed. */
export class ReconnectLimitError extends Error {
  override readonly name = "ReconnectLimitError";

  constructor(attempts: number, cause: Error) {
    super(
      `cannot connect: ${attempts} attempts in a row failed, the last: ${cause.message}`,
      {
        cause,
      },
    );
  }
}
