/** Why a repository could not be read at its source, and what that means for the next attempt. */

/**
 * - `unreachable`: no answer, or one that says "later". Tried again.
 * - `refused`: the address may not be asked. Tried again rarely: the DID document can change.
 * - `absent`: the source says that it has no such repository, or that it is not to be had now.
 * - `invalid`: the answer can't be what the repository's owner signed. Tried again: hosts get repaired.
 * - `busy`: the server is asked enough as it is. Tried again soon; it is no failure.
 * - `too_large`: more bytes than are read. Another way may take less.
 */
export type SourceFailure =
  | "unreachable"
  | "refused"
  | "absent"
  | "invalid"
  | "busy"
  | "too_large";

export class SourceError extends Error {
  override readonly name = "SourceError";
  constructor(
    readonly failure: SourceFailure,
    message: string,
    options: ErrorOptions & {
      /** How long the host wants not to be asked, milliseconds. */
      readonly retryAfterMs?: number;
      /** The server that is busy, or can't be reached. */
      readonly host?: string;
    } = {},
  ) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.host = options.host ?? null;
  }
  readonly retryAfterMs: number;
  readonly host: string | null;
}
