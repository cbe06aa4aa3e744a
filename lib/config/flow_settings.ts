/** Settings of the flow: batches, the queue, pauses and reconnections. */

import { z } from "zod";
import { optional, setting } from "./setting.ts";
import { bytes, milliseconds, whole } from "./setting_form.ts";

export const FLOW_SETTINGS = {
  BATCH_MAX_EVENTS: setting({
    accepts: "a whole number from 1 to 10000",
    default: "1000",
    meaning: "Maximum number of events in one transaction.",
    schema: whole(1, 10_000),
  }),
  BATCH_MAX_WAIT_MS: optional({
    accepts: "milliseconds, a whole number from 0 to 60000",
    meaning: "How long a batch waits for more events. Unset: adapted to the duration of recent " +
      "batches, so that nearly every event is committed within about 18 ms.",
    schema: milliseconds(0, 60_000),
  }),
  QUEUE_PAUSE_AT: setting({
    accepts: "a whole number from 1 to 1000000, more than QUEUE_RESUME_AT",
    default: "1000",
    meaning: "Reading pauses above this many queued messages.",
    schema: whole(1, 1_000_000),
  }),
  QUEUE_RESUME_AT: setting({
    accepts: "a whole number from 1 to 1000000, less than QUEUE_PAUSE_AT",
    default: "100",
    meaning: "Reading resumes below this many queued messages.",
    schema: whole(1, 1_000_000),
  }),
  QUEUE_MAX: setting({
    accepts: "a whole number from 1 to 1000000, at least QUEUE_PAUSE_AT",
    default: "2000",
    meaning: "Maximum number of queued messages.",
    schema: whole(1, 1_000_000),
  }),
  QUEUE_MAX_BYTES: setting({
    accepts: "bytes from 65536 to 16 GiB, as a whole number, alone or with KiB, MiB or GiB",
    default: "64MiB",
    meaning: "Maximum memory of queued events.",
    schema: bytes(65_536, 16 * 2 ** 30),
  }),
  PAUSE_ALERT_MS: setting({
    accepts: "milliseconds, a whole number from 1 to 86400000",
    default: "30000",
    meaning:
      "A pause longer than this is logged as an error, and again after each further period of " +
      "this length.",
    schema: milliseconds(1, 86_400_000),
  }),
  RECONNECT_BASE_MS: setting({
    accepts: "milliseconds, a whole number from 1 to 86400000",
    default: "100",
    meaning: "Longest wait before the first reconnection; doubles with each failure.",
    schema: milliseconds(1, 86_400_000),
  }),
  RECONNECT_MAX_MS: setting({
    accepts: "milliseconds, a whole number from 1 to 86400000, at least RECONNECT_BASE_MS",
    default: "30000",
    meaning:
      "Longest wait before any reconnection, unless a server asks for more (Retry-After, up to " +
      "15 minutes).",
    schema: milliseconds(1, 86_400_000),
  }),
  RECONNECT_ALERT_ATTEMPTS: setting({
    accepts: "a whole number from 0 to 1000000 (0: never)",
    default: "10",
    meaning: "From this many failures in a row on, each failure is logged as an error.",
    schema: whole(0, 1_000_000),
  }),
  RECONNECT_MAX_ATTEMPTS: setting({
    accepts: "a whole number from 0 to 1000000 (0: never give up)",
    default: "0",
    meaning: "Failures in a row after which the process exits with 1.",
    schema: whole(0, 1_000_000),
  }),
  READ_IDLE_TIMEOUT_MS: setting({
    accepts: "milliseconds, a whole number from 100 to 86400000",
    default: "90000",
    meaning: "A connection that is silent for this long is closed.",
    schema: milliseconds(100, 86_400_000),
  }),
  STREAM_QUIET_MS: setting({
    accepts: "milliseconds, a whole number from 1000 to 86400000, or 0",
    default: "300000",
    meaning:
      "A connection without WANTED_DIDS that brings no new event for this long is closed, and " +
      "the next server is tried: public networks announce accounts all the time. 0: quiet is " +
      "allowed.",
    schema: z.union([whole(0, 0), milliseconds(1_000, 86_400_000)]) as z.ZodType<number, string>,
  }),
} as const;
