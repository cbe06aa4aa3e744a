/** The connection to the database failed: the outcome of the last statements is unknown. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  /** SQLSTATE: `08001` could not connect, `08006` connection lost. */
  readonly code: "08001" | "08006";

  constructor(code: "08001" | "08006", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A connection that was open and is lost. */
export function lostConnection(cause?: Error): ConnectionError {
  return new ConnectionError("08006", "cannot go on: the connection to the database was lost", {
    ...(cause !== undefined && { cause }),
  });
}
