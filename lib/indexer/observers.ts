/** What operators are told about reading: each thing once in the log, and once in the metrics. */

import type { ArchiveObserver, ReplayProgress } from "../client/archive/observer.ts";
import type { Endpoint } from "../client/endpoint.ts";
import type { Observer } from "../client/observer.ts";
import type { Logger } from "../log/logger.ts";
import type { Telemetry } from "../server/telemetry.ts";
import type { OnCheckpoint } from "./checkpoint.ts";

export interface Told {
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

/** Of the live stream. */
export function streamObserver(
  { logger, telemetry }: Told,
  checkpoint: OnCheckpoint,
): Observer {
  return {
    connected: (event) => {
      telemetry.connected(event);
      void checkpoint("connected");
      logger.info("connected", { source: event.endpoint.source, cursor: event.cursor });
    },
    disconnected: (event) => {
      telemetry.disconnected(event);
      void checkpoint("disconnected");
      logger.info("disconnected", { source: event.endpoint.source, ending: event.ending.kind });
    },
    attemptFailed: (event) => {
      telemetry.attemptFailed(event);
      const { endpoint: { source }, failures, error, retryInMs } = event;
      logger.warn("cannot read the stream, trying again", { source, failures, error, retryInMs });
    },
    alert: ({ endpoint: { source }, failures, error }) =>
      logger.error("cannot read the stream for long", { source, failures, error }),
    notice: ({ code, message, endpoint: { source } }) => {
      telemetry.noticed(code);
      logger.warn(message, { notice: code, source });
    },
  };
}

/** Of a replay. `progressed` is told how far it has come. */
export function archiveObserver(
  { logger, telemetry }: Told,
  { source }: Endpoint,
  progressed: (progress: ReplayProgress) => void,
): ArchiveObserver {
  return {
    progress: (progress) => {
      telemetry.replayProgressed(progress);
      progressed(progress);
      const { done, total, perSecond, leftMs, events } = progress;
      const minutesLeft = leftMs === null ? null : Math.ceil(leftMs / 60_000);
      const fields = { done, total, perSecond, minutesLeft, events, source };
      logger.info("replaying the archive", fields);
    },
    attemptFailed: (event) => {
      telemetry.archiveRequestFailed(event);
      const { request, failures, error, retryInMs } = event;
      const fields = { request, failures, error, retryInMs, source };
      logger.warn("cannot read the archive, trying again", fields);
    },
    answered: () => telemetry.archiveRequestAnswered(),
    alert: ({ request, failures, error }) =>
      logger.error("cannot read the archive for long", { request, failures, error, source }),
    notice: ({ code, message }) => {
      telemetry.noticed(code);
      logger.warn(message, { notice: code, source });
    },
  };
}
