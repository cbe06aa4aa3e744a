/**
 * The address of a database, as libpq reads it: several hosts in order, `sslmode` and its fellows.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */

import { Secret } from "../config/secret.ts";

/** From no protection to a verified chain and name. */
const SSL_MODES = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
] as const;

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
  /** For each host, milliseconds. */
  readonly connectTimeoutMs: number;
  readonly applicationName: string | null;
  /** Settings of the session, in the form of the command line. */
  readonly options: string | null;
}

/**
 * The address can't be used. Says why and what is accepted, and repeats no part that can be secret.
 */
export class DatabaseUrlError extends Error {
  override readonly name = "DatabaseUrlError";
  constructor(readonly why: string) {
    super(`cannot use the address of the database: ${why}`);
  }
}

const FORM = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/** Also accepted where they say what happens anyway. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  channel_binding: ["disable", "prefer"],
  gssencmode: ["disable", "prefer"],
  sslnegotiation: ["postgres"],
  target_session_attrs: ["any"],
};

const PARAMETERS = [
  "sslmode",
  "sslrootcert",
  "connect_timeout",
  "application_name",
  "options",
  ...Object.keys(FIXED),
];

const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/** Reads the address of a database. Throws `DatabaseUrlError`. */
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
  const parameters = parseParameters(query);
  return {
    hosts: [first, ...others],
    user: name,
    password: new Secret(decoded(password.join(":"), "the password")),
    database: path === "" ? name : decoded(path, "the database"),
    sslMode: sslModeOf(parameters),
    connectTimeoutMs: timeoutOf(parameters.get("connect_timeout")),
    applicationName: parameters.get("application_name") ?? null,
    options: parameters.get("options") ?? null,
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

function parseParameters(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const [name = "", ...value] = pair.split("=");
    if (!PARAMETERS.includes(name)) {
      throw refused(`it has a parameter that is not known; accepted are ${PARAMETERS.join(", ")}`);
    }
    parameters.set(name, decoded(value.join("="), name));
  }
  for (const [name, accepted] of Object.entries(FIXED)) {
    const value = parameters.get(name);
    if (value !== undefined && !accepted.includes(value)) {
      throw refused(`of ${name} only ${accepted.join(" or ")} is supported; leave it out`);
    }
  }
  return parameters;
}

function sslModeOf(parameters: ReadonlyMap<string, string>): SslMode {
  const root = parameters.get("sslrootcert");
  if (root !== undefined && root !== "system") {
    throw refused(
      "sslrootcert names a file, and files can't be read here; " +
        "put the certificate itself into DATABASE_ROOT_CERT, or write sslrootcert=system",
    );
  }
  // As in libpq: trust in all authorities is worth nothing without the name.
  const fallback = root === "system" ? "verify-full" : "prefer";
  const mode = SSL_MODES.find((mode) => mode === (parameters.get("sslmode") ?? fallback));
  if (mode === undefined) throw refused(`sslmode is not one of ${SSL_MODES.join(", ")}`);
  if (root === "system" && mode !== "verify-full") {
    throw refused(`sslrootcert=system needs sslmode=verify-full, and it says sslmode=${mode}`);
  }
  return mode;
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
    throw refused(`${what} is not percent-encoded right: a % is written %25`);
  }
  if (plain.includes("\0")) throw refused(`${what} has a NUL character`);
  return plain;
}

function refused(why: string): DatabaseUrlError {
  return new DatabaseUrlError(why);
}
