/** The cursor is older than all that the server has live. The archive has the rest. */
export class CursorTooOldError extends Error {
  override readonly name = "CursorTooOldError";
  /** `Endpoint.source` of the server that said so. */
  readonly source: string;
  /** The cursor that it was asked for. */
  readonly cursor: string | null;

  constructor(source: string, cursor: string | null, message: string) {
    super(`cannot resume at cursor ${cursor} on ${source}: ${message}`);
    this.source = source;
    this.cursor = cursor;
  }
}

/** Every server refuses what it is asked for, and would again: the settings are wrong. */
export class InvalidRequestError extends Error {
  override readonly name = "InvalidRequestError";

  constructor(source: string, message: string) {
    super(`cannot subscribe at ${source}: ${message}`);
  }
}

/** As many attempts in a row came to nothing as the settings allow. */
export class ReconnectLimitError extends Error {
  override readonly name = "ReconnectLimitError";

  constructor(attempts: number, cause: Error) {
    super(
      `cannot connect: ${attempts} attempts in a row came to nothing, the last: ${cause.message}`,
      {
        cause,
      },
    );
  }
}
