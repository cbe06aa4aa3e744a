/** What ends a replay. Everything that may pass is retried instead and never gets this far. */

/** The archive refuses what it is asked for, and would again: the settings are wrong. */
export class ArchiveRefusedError extends Error {
  override readonly name = "ArchiveRefusedError";

  constructor(message: string) {
    super(`cannot read the archive: ${message}`);
  }
}

/** Where the archive should be, nobody knows of one: it has none, or a proxy is in the middle of a deployment. */
export class ArchiveMissingError extends Error {
  override readonly name = "ArchiveMissingError";

  constructor(message: string) {
    super(`cannot find an archive beside the live stream: ${message}`);
  }
}

/** Something of the archive is broken however often it is got. Nothing behind it was handed over. */
export class ArchiveDamagedError extends Error {
  override readonly name = "ArchiveDamagedError";

  constructor(what: string, tries: number, cause: Error) {
    super(`cannot use ${what} of the archive, got ${tries} times: ${cause.message}`, { cause });
  }
}

/** The replay would go on for ever without coming any further. */
export class ArchiveStalledError extends Error {
  override readonly name = "ArchiveStalledError";

  constructor(message: string) {
    super(`cannot finish the replay of the archive: ${message}`);
  }
}

/** An answer that came whole and makes no sense. Worth another try, since a proxy may have spoilt it. */
export class DamageError extends Error {
  override readonly name = "DamageError";
}

/** The plan speaks of files that are no longer there as they were: a new plan is needed. */
export class StalePlanError extends Error {
  override readonly name = "StalePlanError";
}

/** Does what reads bytes of the archive; whatever that throws means that they are damaged. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new DamageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
