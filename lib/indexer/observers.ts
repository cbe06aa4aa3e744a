/** Reports about reading, each once in the log and once in the metrics. */

import type { ArchiveObserver } from "../client/archive/replay_observer.ts";
import type { Endpoint } from "../client/endpoint.ts";
import type { Ending, NoticeCode, Observer } from "../client/live/stream_observer.ts";
import { printable } from "../client/server_message.ts";
import type { Logger } from "../log/logger.ts";
import type { Redact } from "../log/redaction.ts";
import type { StreamEnding } from "../server/facts/stream_facts.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";
import type { OnFaultPoint } from "./fault_point.ts";

export interface Reporting {
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Removes secrets from text of others. */
  readonly redact: Redact;
}

/** For the live stream. */
export function streamObserver(
  { logger, telemetry, redact }: Reporting,
  faultPoint: OnFaultPoint,
): Observer {
  return {
    connected: (event) => {
      telemetry.stream.connected(event);
      void faultPoint("connected");
      logger.info("connected", { source: event.endpoint.source, cursor: event.cursor });
    },
    useful: () => telemetry.stream.moved(),
    disconnected: ({ endpoint: { source }, ending }) => {
      const ended = readableEnding(ending, redact);
      telemetry.stream.disconnected(ended);
      void faultPoint("disconnected");
      const { kind, code, reason } = ended;
      logger.info("disconnected", {
        source,
        ending: kind,
        ...(code === null ? {} : { code }),
        reason,
      });
    },
    attemptFailed: ({ endpoint: { source }, failures, error, retryInMs, alerting }) => {
      const why = redact(printable(error.message));
      telemetry.stream.attemptFailed({ source, failures, why, retryInMs });
      const fields = { source, failures, why, retryInMs };
      if (alerting) logger.error("cannot read the stream, still retrying", fields);
      else logger.warn("cannot read the stream, retrying", fields);
    },
    notice: ({ code, message, endpoint: { source } }) => {
      telemetry.noticed(code);
      // Nothing is indexed any more although the sockets look healthy.
      const level = code === "undecodable_stream" || code === "quiet_stream" ? "error" : "warn";
      logger[level](message, { notice: code, source });
    },
  };
}

/** How a connection ended, in words without secrets: everybody with access to the status may read them. */
function readableEnding(ending: Ending, redact: Redact): StreamEnding {
  const { kind } = ending;
  if (kind === "closed") return { kind, code: ending.code, reason: redact(ending.reason) };
  const reason = kind === "broken" ? redact(printable(ending.error.message)) : "";
  return { kind, code: null, reason };
}

/** For times ahead of our clock: our clock or the server's is wrong. */
export function clockObserver(
  { logger, telemetry }: Omit<Reporting, "redact">,
): (aheadMs: number | null, source: string) => void {
  return (aheadMs, source) => {
    telemetry.stream.clockDiffers(aheadMs);
    if (aheadMs === null) return logger.info("the clocks agree again", { source });
    const notice = "clock_ahead" satisfies NoticeCode;
    telemetry.noticed(notice);
    const seconds = Math.round(aheadMs / 1000);
    const message = `all events of ${source} are at least ${seconds} s ahead of this machine's ` +
      "clock: one of the two clocks is wrong";
    logger.warn(message, { notice, source, seconds });
  };
}

/** For a replay. */
export function archiveObserver(
  { logger, telemetry, redact }: Reporting,
  { source }: Endpoint,
): ArchiveObserver {
  return {
    progress: (progress) => {
      telemetry.archive.progressed(progress);
      const { done, total, perSecond, leftMs, events } = progress;
      const minutesLeft = leftMs === null ? null : Math.ceil(leftMs / 60_000);
      const fields = { done, total, perSecond, minutesLeft, events, source };
      logger.info("replaying the archive", fields);
    },
    attemptFailed: (event) => {
      const { request, failures, error, retryInMs } = event;
      const why = redact(printable(error.message));
      telemetry.archive.requestFailed({ failures, why });
      const fields = { request, failures, why, retryInMs, source };
      if (event.alerting) logger.error("cannot read the archive, still retrying", fields);
      else logger.warn("cannot read the archive, retrying", fields);
    },
    answered: () => telemetry.archive.requestAnswered(),
    notice: ({ code, message }) => {
      telemetry.noticed(code);
      logger.warn(message, { notice: code, source });
    },
  };
}
