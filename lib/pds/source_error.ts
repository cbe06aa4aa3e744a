/** Why a repository could not be read at its source, and how that affects the next attempt. */

/**
 * - `unreachable`: no answer, or a temporary error. Retried.
 * - `refused`: the address is not allowed. Retried rarely: the DID document can change.
 * - `absent`: the source says that it has no such repository, or that it is not available now.
 * - `invalid`: the answer can't be what the owner signed. Retried: hosts get repaired.
 * - `busy`: the server already has enough requests of ours. Retried soon; not a failure.
 * - `too_large`: above the size limit. Listing may need less.
 */
export type SourceFailure =
  | "unreachable"
  | "refused"
  | "absent"
  | "invalid"
  | "busy"
  | "too_large";

/**
 * Why a source does not give a repository: the account is gone, or inactive for this reason. `undocumented`: its DID has
 * no document, which can also be a wrong `PLC_URL`, so it only confirms what the stream says.
 */
export type Standing = "gone" | "undocumented" | "deactivated" | "suspended" | "takendown";

export class SourceError extends Error {
  override readonly name = "SourceError";
  constructor(
    readonly failure: SourceFailure,
    message: string,
    options: ErrorOptions & {
      /** How long the host asked not to be retried, milliseconds. */
      readonly retryAfterMs?: number;
      /** The server that is busy or unreachable. */
      readonly host?: string;
      readonly standing?: Standing;
    } = {},
  ) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.host = options.host ?? null;
    this.standing = options.standing ?? null;
  }
  readonly retryAfterMs: number;
  readonly host: string | null;
  readonly standing: Standing | null;
}
