import { SQLSTATE } from "../../sqlstate_table.ts";

/** SQLSTATE: could not connect, or the connection was lost. */
type ConnectionErrorCode = typeof SQLSTATE.unableToConnect | typeof SQLSTATE.connectionFailure;

/** The connection to the database failed: the outcome of the last statements is unknown. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: ConnectionErrorCode;

  constructor(code: ConnectionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A connection that was open and is lost. */
export function lostConnection(cause?: Error): ConnectionError {
  return new ConnectionError(
    SQLSTATE.connectionFailure,
    "cannot continue: the connection to the database was lost",
    {
      ...(cause !== undefined && { cause }),
    },
  );
}
