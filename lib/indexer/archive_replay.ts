/** Replays the archive of a server, and decides how to continue when there is none. */

import { replayStart } from "../client/archive/replay_and_follow.ts";
import { ArchiveMissingError } from "../client/archive/archive_error.ts";
import { replayArchive } from "../client/archive/replay.ts";
import type { Endpoint } from "../client/endpoint.ts";
import type { CursorTooOldError } from "../client/live/stream_error.ts";
import { TIME_CURSOR_FROM } from "../client/live/resume_point.ts";
import type { Redact } from "../log/redaction.ts";
import { archiveObserver } from "./observers.ts";
import type { StreamInputOptions } from "./stream_input_options.ts";

/**
 * How long a missing archive is retried when the live stream no longer has the needed events. Deployments of
 * proxies take less, and the alert for a stalled replay fires earlier.
 */
const MISSING_MS = 30 * 60_000;

export interface ArchiveReplayOptions extends StreamInputOptions {
  readonly redact: Redact;
  readonly fetch: typeof fetch;
}

export class ArchiveReplay {
  readonly #options: ArchiveReplayOptions;
  #startCursor: number | null = null;

  constructor(options: ArchiveReplayOptions) {
    this.#options = options;
  }

  /** The live stream's start after a replay, while no cursor is stored; null before any replay. */
  get startCursor(): number | null {
    return this.#startCursor;
  }

  /**
   * Replays the archive. Resolves with null when there is none; the live stream is then requested by time.
   */
  async run(
    endpoint: Endpoint,
    because: CursorTooOldError | null,
    signal: AbortSignal,
  ): Promise<{ readonly cutover: number | null }> {
    const { config: { jetstream, reconnect }, decoders, intake, position, queue, clock, random } =
      this.#options;
    const { telemetry, redact } = this.#options;
    this.#logReason(endpoint, because);
    telemetry.archive.began(endpoint);
    // With `START_FROM=archive`, a missing archive must not be replaced by the live stream.
    const isAskedFor = position.point === null && because === null;
    try {
      const result = await replayArchive({
        endpoint,
        apiKey: jetstream.apiKey,
        filter: { collections: jetstream.wantedCollections, dids: jetstream.wantedDids },
        start: replayStart(endpoint, position.point, because),
        format: decoders.archive,
        deliver: (chunk) => intake.takeArchive(chunk, endpoint.source),
        flow: queue,
        reconnect,
        missingMs: isAskedFor ? null : MISSING_MS,
        fetch: this.#options.fetch,
        observer: archiveObserver({ ...this.#options, redact }, endpoint),
        clock,
        random,
        signal,
      });
      this.#startCursor = result.cutover;
      return result;
    } catch (error) {
      if (!(error instanceof ArchiveMissingError)) throw error;
      this.#continueByTime(endpoint, error);
      return { cutover: null };
    } finally {
      telemetry.archive.ended();
    }
  }

  /** What only an archive would have is lost: the live stream is requested from its oldest event. */
  #continueByTime({ source }: Endpoint, error: ArchiveMissingError): void {
    const { logger, telemetry, position, redact, eventsMayBeMissing } = this.#options;
    const notice = "archive_missing";
    telemetry.noticed(notice);
    logger.error(
      "there is no archive: continuing with the oldest events of the live stream; " +
        "the events between the cursor and those are missing",
      { notice, source, why: redact(error.message) },
    );
    position.forgetNumber();
    // The server raises this lowest time to that of its oldest event.
    this.#startCursor = TIME_CURSOR_FROM;
    eventsMayBeMissing();
  }

  /** A replay can take hours, so its reason is logged first. */
  #logReason({ source }: Endpoint, because: CursorTooOldError | null): void {
    const { logger, telemetry, position } = this.#options;
    if (because !== null) {
      telemetry.noticed("cursor_too_old");
      logger.warn(`${because.message}; replaying the archive first`, {
        notice: "cursor_too_old",
        source,
      });
    } else if (position.point === null) {
      logger.info("replaying the archive, because of START_FROM", { source });
    } else logger.info("replaying the archive, because the stored cursor is hours old", { source });
  }
}
