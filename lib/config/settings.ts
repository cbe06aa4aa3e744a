/**
 * Every setting: its name, what it accepts, its default and its meaning. `readConfig` parses by this table
 * and `help` prints it, so that they always agree.
 */

import { z } from "zod";
import { LOG_LEVELS } from "../log/logger.ts";
import { certificates } from "./setting_certificate.ts";
import { optional, setting } from "./setting.ts";
import { credential, databaseUrl, flag, host, list, milliseconds, whole } from "./setting_form.ts";
import { FLOW_SETTINGS } from "./flow_settings.ts";
import { RECONCILE_SETTINGS } from "./reconcile_settings.ts";
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
      "Certificate of a private authority that signed the database's certificate: the text " +
      "itself, because the executable can't read files. For sslmode require, verify-ca and " +
      "verify-full.",
    schema: certificates(),
  }),
  DATABASE_PREPARE: setting({
    accepts: "true or false",
    default: "true",
    meaning:
      "false: never prepare statements, for a pooler in transaction mode that does not support " +
      "them. When left at true, such a pooler is detected after one failed transaction. " +
      "pgbouncer=true in DATABASE_URL means the same.",
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
      "How long the write lease lasts without renewal. A standby takes over from a leader that " +
      "has been silent for this long.",
    schema: milliseconds(1_000, 600_000),
  }),
  PARTITIONS: setting({
    accepts: "a whole number from 1 to 64",
    default: "1",
    meaning:
      "Number of account partitions that are written in parallel, by one instance or several " +
      "that share them. Used for an empty database only; the command partitions changes it " +
      "later.",
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
    meaning: "Address to listen on.",
    schema: host(),
  }),
  HTTP_ALLOWED_HOSTS: optional({
    accepts: "at most 16 host names, comma-separated",
    meaning:
      "Host names that are allowed in requests without a token, in addition to IP addresses and" +
      " localhost. Protects against DNS rebinding.",
    schema: list(host(), 16),
  }),
  INTERNAL_AUTH_TOKEN: optional({
    accepts: "visible ASCII characters without spaces",
    meaning: "Protects everything but /health and /ready; sent as Authorization: Bearer or " +
      "X-Internal-Token. Unset: metrics and page are open, and the dead letter API is off.",
    secret: true,
    schema: credential(),
  }),
  ...FLOW_SETTINGS,
  ...RECONCILE_SETTINGS,
  LOCATION_JITTER_SECRET: optional({
    accepts: "a text, best 32 random characters or more",
    meaning: "Secret key for location jitter. Never change it. Required in production.",
    secret: true,
    schema: z.string().min(1).transform((text) => new Secret(text)),
  }),
  LOG_LEVEL: setting({
    accepts: "debug, info, warn or error",
    default: "info",
    meaning: "The lowest level that is logged.",
    schema: z.enum(LOG_LEVELS) as z.ZodType<typeof LOG_LEVELS[number], string>,
  }),
} as const;

export type Environment = "production" | "development";

export type SettingName = keyof typeof SETTINGS;

/** What the settings parse to. */
export type SettingValues = { [Name in SettingName]: z.output<typeof SETTINGS[Name]["schema"]> };
