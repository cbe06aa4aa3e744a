/** Settings of the flow: batches, the queue, pauses and reconnections. */

import { z } from "zod";
import { optional, setting } from "./setting.ts";
import { bytes, milliseconds, whole } from "./setting_form.ts";

export const FLOW_SETTINGS = {
  BATCH_MAX_EVENTS: setting({
    accepts: "a whole number from 1 to 10000",
    default: "1000",
    meaning: "Events in one transaction, at most.",
    schema: whole(1, 10_000),
  }),
  BATCH_MAX_WAIT_MS: optional({
    accepts: "milliseconds, a whole number from 0 to 60000",
    meaning:
      "How long a batch waits for more events. When unset, as long as it is committed within " +
      "15 ms all the same, by what batches take.",
    schema: milliseconds(0, 60_000),
  }),
  QUEUE_PAUSE_AT: setting({
    accepts: "a whole number from 1 to 1000000, more than QUEUE_RESUME_AT",
    default: "1000",
    meaning: "Reading pauses above so many queued messages.",
    schema: whole(1, 1_000_000),
  }),
  QUEUE_RESUME_AT: setting({
    accepts: "a whole number from 1 to 1000000, less than QUEUE_PAUSE_AT",
    default: "100",
    meaning: "Reading resumes below so many.",
    schema: whole(1, 1_000_000),
  }),
  QUEUE_MAX: setting({
    accepts: "a whole number from 1 to 1000000, at least QUEUE_PAUSE_AT",
    default: "2000",
    meaning: "Queued messages, at most.",
    schema: whole(1, 1_000_000),
  }),
  QUEUE_MAX_BYTES: setting({
    accepts: "bytes from 65536 to 16 GiB, as a whole number, alone or with KiB, MiB or GiB",
    default: "64MiB",
    meaning: "Memory that queued events take, at most.",
    schema: bytes(65_536, 16 * 2 ** 30),
  }),
  PAUSE_ALERT_MS: setting({
    accepts: "milliseconds, a whole number from 1 to 86400000",
    default: "30000",
    meaning: "A pause that lasts longer is logged as an error, again each time that it lasts so " +
      "long again.",
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
    meaning: "Failures in a row from which on each is logged as an error.",
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
    meaning: "A connection that is silent for so long is given up.",
    schema: milliseconds(100, 86_400_000),
  }),
  STREAM_QUIET_MS: setting({
    accepts: "milliseconds, a whole number from 1000 to 86400000, or 0",
    default: "300000",
    meaning:
      "A connection without WANTED_DIDS that brings no new event for so long is left for the " +
      "next server: public networks announce accounts all the time. 0: quiet is allowed.",
    schema: z.union([whole(0, 0), milliseconds(1_000, 86_400_000)]) as z.ZodType<number, string>,
  }),
} as const;
