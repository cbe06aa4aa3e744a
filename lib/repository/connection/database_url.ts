/**
 * The URL of a database, as libpq reads it: several hosts in order, `sslmode` and related parameters.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */

import { Secret } from "../../secret.ts";
import { type HonouredParameter, type Parameters, sortParameters } from "./database_parameters.ts";

/** From no protection to a verified chain and name. */
const SSL_MODES = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
] as const;

/** Modes that always use TLS. */
const ENCRYPTED: readonly SslMode[] = ["require", "verify-ca", "verify-full"];

export type SslMode = typeof SSL_MODES[number];

export interface DatabaseHost {
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface DatabaseUrl {
  /** At least one; tried in order. */
  readonly hosts: readonly [DatabaseHost, ...DatabaseHost[]];
  readonly user: string;
  readonly password: Secret;
  readonly database: string;
  readonly sslMode: SslMode;
  /** TLS from the first byte, without negotiation. */
  readonly sslDirect: boolean;
  /** The login must be bound to the certificate. */
  readonly channelBinding: boolean;
  /** Only a writable server is accepted. Always true with several hosts. */
  readonly writable: boolean;
  /** Whether statements may be prepared: false behind a pooler that forgets them. */
  readonly prepare: boolean;
  /** Per host, milliseconds. */
  readonly connectTimeoutMs: number;
  readonly applicationName: string | null;
  /** Session settings, in command-line form. */
  readonly options: string | null;
  /** Names of parameters without effect. */
  readonly ignored: readonly string[];
}

/**
 * The URL can't be used. The message says why and what is accepted, and repeats nothing that can be secret.
 */
export class DatabaseUrlError extends Error {
  override readonly name = "DatabaseUrlError";
  constructor(readonly why: string) {
    super(`cannot use the address of the database: ${why}`);
  }
}

const FORM = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/** Parses the URL of a database. Throws `DatabaseUrlError`. */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const match = FORM.exec(text);
  if (match === null) {
    throw refused("it is not of the form postgres://user:password@host:5432/database");
  }
  const [, credentials = "", hosts = "", path = "", query = ""] = match;
  const [user = "", ...password] = credentials.split(":");
  if (user === "") throw refused("it names no user");
  const [first, ...others] = hosts.split(",").map(parseHost);
  if (first === undefined) throw refused("it names no host");
  const name = decoded(user, "the user");
  const { values, ignored } = parseParameters(query);
  const sslMode = sslModeOf(values);
  const sslNegotiation = one(values, "sslnegotiation", ["postgres", "direct"], "postgres");
  if (sslNegotiation === "direct" && !ENCRYPTED.includes(sslMode)) {
    throw refused("sslnegotiation=direct needs sslmode=require, verify-ca or verify-full");
  }
  const several = others.length > 0 ? "read-write" : "any";
  const target = one(values, "target_session_attrs", ["any", "read-write", "primary"], several);
  return {
    hosts: [first, ...others],
    user: name,
    password: new Secret(decoded(password.join(":"), "the password")),
    database: path === "" ? name : decoded(path, "the database"),
    sslMode,
    sslDirect: sslNegotiation === "direct",
    channelBinding: one(values, "channel_binding", ["disable", "prefer", "require"], "prefer") ===
      "require",
    writable: target !== "any",
    prepare: prepareOf(values),
    connectTimeoutMs: timeoutOf(values.get("connect_timeout")),
    applicationName: values.get("application_name") ?? values.get("fallback_application_name") ??
      null,
    options: values.get("options") ?? null,
    ignored,
  };
}

function parseHost(text: string): DatabaseHost {
  const [, address, name, port = String(DEFAULT_PORT)] = HOST.exec(text) ?? [];
  const host = address ?? name;
  if (host === undefined) throw refused("a host is missing, or is not a name or an address");
  const number = Number(port);
  if (number < 1 || number > 65535) throw refused(`port ${port} is not between 1 and 65535`);
  return { host, port: number };
}

function parseParameters(query: string): Parameters {
  const pairs = query.split("&").filter((pair) => pair !== "").map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [name, decoded(value.join("="), name)] as const;
  });
  return sortParameters(pairs, refused);
}

function one<Value extends string>(
  values: Parameters["values"],
  name: HonouredParameter,
  accepted: readonly Value[],
  fallback: Value,
): Value {
  const text = values.get(name) ?? fallback;
  const value = accepted.find((value) => value === text);
  if (value === undefined) throw refused(`${name} is not one of ${accepted.join(", ")}`);
  return value;
}

function sslModeOf(values: Parameters["values"]): SslMode {
  const root = values.get("sslrootcert");
  if (root !== undefined && root !== "system") {
    throw refused(
      "sslrootcert names a file, and files can't be read here; " +
        "put the certificate itself into DATABASE_ROOT_CERT, or write sslrootcert=system",
    );
  }
  // As in libpq: trusting all authorities is worthless without checking the name.
  const fallback = root === "system"
    ? "verify-full"
    : one(values, "ssl", ["true", "false"], "false") === "true"
    ? "require"
    : "prefer";
  // Some drivers' spelling of `require`: encrypted, without verifying the server.
  if (values.get("sslmode") === "no-verify") return "require";
  const mode = one(values, "sslmode", SSL_MODES, fallback);
  if (root === "system" && mode !== "verify-full") {
    throw refused(`sslrootcert=system needs sslmode=verify-full, got sslmode=${mode}`);
  }
  return mode;
}

/** In the spellings of poolers and other drivers. */
function prepareOf(values: Parameters["values"]): boolean {
  const flags = ["true", "false"] as const;
  return one(values, "pgbouncer", flags, "false") === "false" &&
    one(values, "prepare", flags, "true") === "true" &&
    one(values, "prepared_statements", flags, "true") === "true";
}

function timeoutOf(seconds: string | undefined): number {
  if (seconds === undefined) return DEFAULT_CONNECT_TIMEOUT_MS;
  if (!/^[1-9]\d{0,3}$/.test(seconds)) {
    throw refused("connect_timeout is not a number of seconds from 1 to 9999");
  }
  return Number(seconds) * 1000;
}

function decoded(text: string, what: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    throw refused(`${what} is not percent-encoded correctly: a % is written %25`);
  }
  if (plain.includes("\0")) throw refused(`${what} has a NUL character`);
  return plain;
}

function refused(why: string): DatabaseUrlError {
  return new DatabaseUrlError(why);
}
