/** Errors that end a replay. Temporary failures are retried instead. */

/** The archive refuses the request and would refuse it again: the settings are wrong. */
export class ArchiveRefusedError extends Error {
  override readonly name = "ArchiveRefusedError";

  constructor(message: string) {
    super(`cannot read the archive: ${message}`);
  }
}

/** The server reports that it has no archive. That is true, or its proxy is being deployed. */
export class ArchiveMissingError extends Error {
  override readonly name = "ArchiveMissingError";

  constructor(message: string) {
    super(`cannot find an archive beside the live stream: ${message}`);
  }
}

/** A part of the archive is damaged on every attempt. Nothing after it was delivered. */
export class ArchiveDamagedError extends Error {
  override readonly name = "ArchiveDamagedError";

  constructor(what: string, tries: number, cause: Error) {
    super(`cannot use ${what} of the archive, got ${tries} times: ${cause.message}`, { cause });
  }
}

/** The replay would continue forever without progress. */
export class ArchiveStalledError extends Error {
  override readonly name = "ArchiveStalledError";

  constructor(message: string) {
    super(`cannot finish the replay of the archive: ${message}`);
  }
}

/** A complete answer that is invalid. Retried, because a proxy may have damaged it. */
export class DamageError extends Error {
  override readonly name = "DamageError";
}

/** The plan names files that were replaced or removed: a new plan is needed. */
export class StalePlanError extends Error {
  override readonly name = "StalePlanError";
}

/** The number where the replay begins means another event by now: the server was built again. */
export class RenumberedError extends Error {
  override readonly name = "RenumberedError";
}

/** Runs a parser of archive bytes; any error means that they are damaged. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new DamageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
