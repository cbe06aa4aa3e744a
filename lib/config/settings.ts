/**
 * Every setting: its name, what it accepts, its default and its meaning. `readConfig` parses by this table
 * and `help` prints it, so that they always agree.
 */

import { z } from "zod";
import { LOG_LEVELS } from "../log/logger.ts";
import { certificates } from "./setting_certificate.ts";
import { optional, setting } from "./setting.ts";
import {
  bytes,
  credential,
  databaseUrl,
  flag,
  host,
  list,
  milliseconds,
  whole,
} from "./setting_form.ts";
import { STREAM_SETTINGS } from "./stream_settings.ts";
import { Secret } from "../secret.ts";

/** The settings, in the order in which `help` prints them. */
export const SETTINGS = {
  SUBCULT_ENV: setting({
    accepts: "production or development",
    default: "production",
    meaning: "production: JSON logs, a database must be named. " +
      "development: readable logs, an embedded database when none is named.",
    schema: z.enum(["production", "development"]) as z.ZodType<Environment, string>,
  }),
  DATABASE_URL: optional({
    accepts: "postgres://user:password@host:port/database with special characters " +
      "percent-encoded and a libpq sslmode, or memory:",
    meaning: "The database. memory: is an embedded one that ends with the process. " +
      "Required in production.",
    secret: true,
    schema: databaseUrl(),
  }),
  DATABASE_ROOT_CERT: optional({
    accepts: "certificates in PEM form, line breaks as they are or written \\n",
    meaning:
      "The authority that signed the database's certificate, where it is a private one: the " +
      "text itself, since the executable reads no file. For sslmode require, verify-ca and " +
      "verify-full.",
    schema: certificates(),
  }),
  DATABASE_PREPARE: setting({
    accepts: "true or false",
    default: "true",
    meaning:
      "false: nothing is prepared, for a pooler in transaction mode that forgets statements. " +
      "Without it that is found out, at the price of one failed transaction. " +
      "pgbouncer=true in DATABASE_URL says the same.",
    schema: flag(),
  }),
  ...STREAM_SETTINGS,
  CONSUMER_NAME: setting({
    accepts: "1 to 64 of the characters A-Z a-z 0-9 . _ : -",
    default: "default",
    meaning: "Key of the stored cursor.",
    schema: z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/),
  }),
  LEASE_MS: setting({
    accepts: "milliseconds, a whole number from 1000 to 600000",
    default: "8000",
    meaning:
      "How long the right to write lasts without being renewed: a standby takes over from a " +
      "leader that has been silent for so long.",
    schema: milliseconds(1_000, 600_000),
  }),
  PARTITIONS: setting({
    accepts: "a whole number from 1 to 64",
    default: "1",
    meaning:
      "Partitions of the accounts, each written beside the others, by one instance or several that " +
      "share them. Counts for an empty database; the command partitions changes it later.",
    schema: whole(1, 64),
  }),
  METRICS_PORT: setting({
    accepts: "a whole number from 0 to 65535 (0: any free port)",
    default: "9090",
    meaning: "Port of health, metrics and the status page.",
    schema: whole(0, 65_535),
  }),
  HTTP_HOST: setting({
    accepts: "an IP address or a host name",
    default: "0.0.0.0",
    meaning: "Address that the port is opened on.",
    schema: host(),
  }),
  HTTP_ALLOWED_HOSTS: optional({
    accepts: "at most 16 host names, comma-separated",
    meaning: "Names by which the port may be asked without a token, besides IP addresses and " +
      "localhost: a page of another site could give its own name our address.",
    schema: list(host(), 16),
  }),
  INTERNAL_AUTH_TOKEN: optional({
    accepts: "visible ASCII characters without spaces",
    meaning: "Protects everything but /health and /ready; sent as Authorization: Bearer or " +
      "X-Internal-Token. Unset: metrics and page are open, and the dead letter API is off.",
    secret: true,
    schema: credential(),
  }),
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
  PLC_URL: setting({
    accepts: "an http:// or https:// URL",
    default: "https://plc.directory",
    meaning:
      "The directory that resolves did:plc. Where a repository is, and with what key it is signed, " +
      "is asked there.",
    schema: z.url({ protocol: /^https?$/ }) as z.ZodType<string, string>,
  }),
  RELAY_URL: setting({
    accepts: "an http:// or https:// URL",
    default: "https://relay1.us-east.bsky.network",
    meaning: "The relay that lists the repositories with records of a collection, for rebuild.",
    schema: z.url({ protocol: /^https?$/ }) as z.ZodType<string, string>,
  }),
  RECONCILE_ENABLED: setting({
    accepts: "true or false",
    default: "true",
    meaning:
      "Whether repositories are compared with their source by themselves: after a rebuild, when " +
      "an account returns, and when events may be missing.",
    schema: flag(),
  }),
  RECONCILE_AT_ONCE: setting({
    accepts: "a whole number from 1 to 64",
    default: "4",
    meaning: "Repositories that are compared at a time; of one server two.",
    schema: whole(1, 64),
  }),
  RECONCILE_EVERY_DAYS: setting({
    accepts: "a whole number from 0 to 3650 (0: never)",
    default: "0",
    meaning: "Every repository that records are held of is compared again within so many days.",
    schema: whole(0, 3650),
  }),
  RECONCILE_MAX_BYTES: setting({
    accepts: "bytes from 1 MiB to 1 GiB, as a whole number, alone or with KiB, MiB or GiB",
    default: "32MiB",
    meaning: "A larger repository is listed record by record, without its signature.",
    schema: bytes(2 ** 20, 2 ** 30),
  }),
  RECONCILE_TIMEOUT_MS: setting({
    accepts: "milliseconds, a whole number from 1000 to 3600000",
    default: "60000",
    meaning: "How long a server may take for one whole answer.",
    schema: milliseconds(1_000, 3_600_000),
  }),
  RECONCILE_ALLOW_PRIVATE: setting({
    accepts: "true or false",
    default: "false",
    meaning:
      "Lets servers on private addresses be asked, over http too: for a network of your own.",
    schema: flag(),
  }),
  LOCATION_JITTER_SECRET: optional({
    accepts: "a text, best 32 random characters or more",
    meaning: "Key of the offset that hides where in its cell a place is. Must stay the same. " +
      "Required in production.",
    secret: true,
    schema: z.string().min(1).transform((text) => new Secret(text)),
  }),
  LOG_LEVEL: setting({
    accepts: "debug, info, warn or error",
    default: "info",
    meaning: "The least level that is logged.",
    schema: z.enum(LOG_LEVELS) as z.ZodType<typeof LOG_LEVELS[number], string>,
  }),
} as const;

export type Environment = "production" | "development";

export type SettingName = keyof typeof SETTINGS;

/** What the settings parse to. */
export type SettingValues = { [Name in SettingName]: z.output<typeof SETTINGS[Name]["schema"]> };
