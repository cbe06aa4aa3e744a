/** The connection to the database failed: nothing is known of what the server did last. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** SQLSTATE: `08001` it could not be made, `08006` it was lost. */
  readonly code: "08001" | "08006";

  constructor(code: "08001" | "08006", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A connection that was there, and is no more. */
export function lostConnection(cause?: Error): ConnectionError {
  return new ConnectionError("08006", "cannot go on: the connection to the database was lost", {
    ...(cause !== undefined && { cause }),
  });
}
