/** The log line that says where reading starts, and why. */

import type { StartFrom } from "../config/setting_stream.ts";
import type { Fields } from "../log/logger.ts";
import type { ResumePoint } from "../client/live/resume_point.ts";
import { isoFromMicros } from "../micros.ts";

/** The message and fields of the line. */
export function startMessage(
  resume: ResumePoint | null,
  startFrom: StartFrom,
): readonly [message: string, fields: Fields] {
  if (resume !== null) {
    const { cursor, timeUs, source } = resume;
    return ["starting at the stored cursor", { cursor, source, seen: isoFromMicros(timeUs) }];
  }
  const because = "no cursor is stored, so START_FROM applies";
  switch (startFrom.kind) {
    case "live":
      return ["starting at the live tip", { because }];
    case "archive":
      return ["starting with the archive", { because }];
    case "time":
      return ["starting at a time", { at: isoFromMicros(startFrom.timeUs), because }];
    case "cursor":
      return ["starting at a cursor", { cursor: startFrom.cursor, because }];
  }
}
