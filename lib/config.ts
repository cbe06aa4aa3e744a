/**
 * The configuration: the only code that reads the environment. All problems are reported at once, and each
 * names its setting and what it accepts.
 */

import type { ConfigProblem } from "./config/config_problem.ts";
import { noticesOf } from "./config/notices.ts";
import { contradictions, unknownNames, unusable } from "./config/problem.ts";
import type { LogLevel } from "./log/logger.ts";
import { Secret } from "./secret.ts";
import type { Database } from "./config/setting_form.ts";
import type { StartFrom } from "./config/setting_stream.ts";
import {
  type Environment,
  type SettingName,
  SETTINGS,
  type SettingValues,
} from "./config/settings.ts";
import { wantedDids } from "./config/wanted_dids.ts";

export type { ConfigProblem } from "./config/config_problem.ts";

/** The settings of the program. */
export interface Config {
  readonly environment: Environment;
  readonly database: Database;
  /** The root certificates for the database, PEM; null: those of the system. */
  readonly databaseRootCertificates: string | null;
  /** Whether statements may be prepared. */
  readonly databasePrepare: boolean;
  readonly jetstream: {
    /** Tried in order. */
    readonly urls: readonly string[];
    /** For archive endpoints only. */
    readonly apiKey: Secret | null;
    readonly compress: boolean;
    readonly dictionaryUrl: string;
    /** PEM, trusted in addition to the public ones. */
    readonly rootCertificates: readonly string[];
    /** NSIDs, or prefixes that end in `.*`. */
    readonly wantedCollections: readonly string[];
    /** Empty: all. */
    readonly wantedDids: readonly string[];
    readonly startFrom: StartFrom;
    readonly readIdleTimeoutMs: number;
    /** 0: the stream may be quiet. */
    readonly streamQuietMs: number;
  };
  readonly consumerName: string;
  readonly leaseMs: number;
  /** The number of partitions for an empty index. */
  readonly partitions: number;
  readonly http: {
    readonly host: string;
    /** 0: any free one. */
    readonly port: number;
    readonly token: Secret | null;
    /** Host names that are allowed without a token. */
    readonly allowedHosts: readonly string[];
  };
  readonly batch: {
    readonly maxEvents: number;
    readonly maxBytes: number;
    readonly maxWaitMs: number | null;
  };
  readonly queue: {
    readonly pauseAt: number;
    readonly resumeAt: number;
    readonly max: number;
    readonly maxBytes: number;
    readonly pauseAlertMs: number;
  };
  readonly reconnect: {
    readonly baseMs: number;
    readonly maxMs: number;
    /** 0: never. */
    readonly alertAttempts: number;
    /** 0: retry forever. */
    readonly maxAttempts: number;
  };
  readonly reconcile: {
    /** Automatically, when there is a reason. */
    readonly enabled: boolean;
    readonly plcUrl: string;
    readonly relayUrl: string;
    readonly atOnce: number;
    /** 0: only when there is a reason. */
    readonly everyDays: number;
    /** How long an account that the stream says is deleted is kept, hidden, for its source to answer. */
    readonly deletionDays: number;
    readonly maxBytes: number;
    readonly timeoutMs: number;
    readonly rootCertificates: readonly string[];
    readonly allowPrivate: boolean;
  };
  readonly jitterSecret: Secret;
  readonly logLevel: LogLevel;
  /** Allowed but worth knowing: logged as warnings at the start. */
  readonly notices: readonly string[];
}

/** The configuration is invalid. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => problem.message).join("\n"));
  }
}

/** By the name of the setting; unset ones are absent. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** Rows on their way to Postgres take about the same memory as the events of their batch. */
const BATCH_MAX_BYTES = 16 * 2 ** 20;

/**
 * Known to everybody who reads this file, so it hides nothing. It is fixed, because a random one would move
 * every place on the map at each start.
 */
const DEVELOPMENT_JITTER_SECRET = "a fixed secret for development only";

/**
 * Reads the settings. An empty variable counts as unset. Throws a `ConfigError` with all problems; no text in
 * it contains a secret.
 */
export function readConfig(env: EnvironmentVariables): Config {
  const present = presentIn(env);
  const { values, problems } = parse(Object.keys(SETTINGS) as SettingName[], present);
  problems.push(...contradictions(values, present), ...unknownNames(present));
  if (problems.length > 0) throw new ConfigError(problems);
  return toConfig(values as SettingValues, present);
}

/** The settings of the server, whatever the others are. Throws a `ConfigError`. */
export function readServerAddress(
  env: EnvironmentVariables,
): Pick<SettingValues, "HTTP_HOST" | "METRICS_PORT"> {
  const { values, problems } = parse(["HTTP_HOST", "METRICS_PORT"], presentIn(env));
  if (problems.length > 0) throw new ConfigError(problems);
  return values as SettingValues;
}

function presentIn(env: EnvironmentVariables): ReadonlyMap<string, string> {
  const present = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value.trim() !== "") present.set(name, value);
  }
  return present;
}

function parse(
  names: readonly SettingName[],
  present: ReadonlyMap<string, string>,
): { readonly values: Partial<SettingValues>; readonly problems: ConfigProblem[] } {
  const values: Partial<SettingValues> = {};
  const problems: ConfigProblem[] = [];
  for (const name of names) {
    const setting = SETTINGS[name];
    const parsed = setting.schema.safeParse(textOf(present.get(name), setting.secret));
    if (parsed.success) Object.assign(values, { [name]: parsed.data });
    else problems.push(unusable(name, setting, present, parsed.error));
  }
  return { values, problems };
}

/** Spaces around a value are a typing error, except in a secret, where they may be intended. */
function textOf(text: string | undefined, secret: boolean): string | undefined {
  return secret ? text : text?.trim();
}

function toConfig(values: SettingValues, present: ReadonlyMap<string, string>): Config {
  return {
    environment: values.SUBCULT_ENV,
    database: values.DATABASE_URL ?? { kind: "embedded" },
    databaseRootCertificates: values.DATABASE_ROOT_CERT ?? null,
    databasePrepare: values.DATABASE_PREPARE,
    jetstream: {
      urls: values.JETSTREAM_URL,
      apiKey: values.JETSTREAM_API_KEY ?? null,
      compress: values.JETSTREAM_COMPRESS,
      dictionaryUrl: values.JETSTREAM_DICTIONARY_URL,
      wantedCollections: values.WANTED_COLLECTIONS,
      rootCertificates: values.JETSTREAM_ROOT_CERT === undefined
        ? []
        : [values.JETSTREAM_ROOT_CERT],
      wantedDids: wantedDids(values),
      startFrom: values.START_FROM,
      readIdleTimeoutMs: values.READ_IDLE_TIMEOUT_MS,
      streamQuietMs: values.STREAM_QUIET_MS,
    },
    consumerName: values.CONSUMER_NAME,
    leaseMs: values.LEASE_MS,
    partitions: values.PARTITIONS,
    http: {
      host: values.HTTP_HOST,
      port: values.METRICS_PORT,
      token: values.INTERNAL_AUTH_TOKEN ?? null,
      allowedHosts: [values.HTTP_HOST, ...values.HTTP_ALLOWED_HOSTS ?? []],
    },
    batch: {
      maxEvents: values.BATCH_MAX_EVENTS,
      maxBytes: Math.min(values.QUEUE_MAX_BYTES, BATCH_MAX_BYTES),
      maxWaitMs: values.BATCH_MAX_WAIT_MS ?? null,
    },
    queue: {
      pauseAt: values.QUEUE_PAUSE_AT,
      resumeAt: values.QUEUE_RESUME_AT,
      max: values.QUEUE_MAX,
      maxBytes: values.QUEUE_MAX_BYTES,
      pauseAlertMs: values.PAUSE_ALERT_MS,
    },
    reconnect: {
      baseMs: values.RECONNECT_BASE_MS,
      maxMs: values.RECONNECT_MAX_MS,
      alertAttempts: values.RECONNECT_ALERT_ATTEMPTS,
      maxAttempts: values.RECONNECT_MAX_ATTEMPTS,
    },
    reconcile: {
      enabled: values.RECONCILE_ENABLED,
      plcUrl: values.PLC_URL,
      relayUrl: values.RELAY_URL,
      atOnce: values.RECONCILE_AT_ONCE,
      everyDays: values.RECONCILE_EVERY_DAYS,
      deletionDays: values.RECONCILE_DELETION_DAYS,
      maxBytes: values.RECONCILE_MAX_BYTES,
      timeoutMs: values.RECONCILE_TIMEOUT_MS,
      rootCertificates: values.RECONCILE_ROOT_CERT === undefined
        ? []
        : [values.RECONCILE_ROOT_CERT],
      allowPrivate: values.RECONCILE_ALLOW_PRIVATE,
    },
    jitterSecret: values.LOCATION_JITTER_SECRET ?? new Secret(DEVELOPMENT_JITTER_SECRET),
    logLevel: values.LOG_LEVEL,
    notices: noticesOf(values, present),
  };
}
