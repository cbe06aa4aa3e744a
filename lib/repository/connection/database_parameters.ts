/**
 * The parameters of a database URL: those of libpq, of providers and of other drivers. Each is honoured,
 * ignored with a notice, or rejected by name: silently dropping one can mean another database or less
 * protection.
 */

/** Honoured. */
const HONOURED = [
  "sslmode",
  "ssl",
  "sslrootcert",
  "sslnegotiation",
  "channel_binding",
  "target_session_attrs",
  "connect_timeout",
  "application_name",
  "fallback_application_name",
  "options",
  "prepare",
  "pgbouncer",
  "prepared_statements",
] as const;

export type HonouredParameter = typeof HONOURED[number];

/** Accepted only with values that match the fixed behaviour. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  client_encoding: ["UTF8", "utf8", "UTF-8", "utf-8", "auto"],
  gssencmode: ["disable", "prefer"],
  load_balance_hosts: ["disable"],
  min_protocol_version: ["3.0"],
  max_protocol_version: ["3.0", "3.2", "latest"],
  requiressl: ["0"],
  ssl_min_protocol_version: ["TLSv1", "TLSv1.1", "TLSv1.2"],
  ssl_max_protocol_version: ["TLSv1.3"],
  sslcompression: ["0"],
  sslsni: ["1"],
};

/** Pool, timeout and format options of other programs. Their value makes no difference here. */
const IGNORED: ReadonlySet<string> = new Set([
  "binary_parameters",
  "connection_limit",
  "default_query_exec_mode",
  "gssdelegation",
  "gsslib",
  "keepalives",
  "keepalives_count",
  "keepalives_idle",
  "keepalives_interval",
  "krbsrvname",
  "max_conns",
  "min_conns",
  "pool_max_conns",
  "pool_min_conns",
  "pool_size",
  "pool_timeout",
  "preparethreshold",
  "prepareThreshold",
  "sslinline",
  "socket_timeout",
  "statement_cache_capacity",
  "statement_cache_mode",
  "statement_cache_size",
  "supa",
  "tcp_user_timeout",
  "uselibpqcompat",
  "workaround",
]);

const IN_ADDRESS = "write it where it belongs: postgres://user:password@host:port/database";
const NO_FILES = "files can't be read here";

/** The hint for each rejected parameter. */
const REFUSED: Readonly<Record<string, string>> = {
  dbname: IN_ADDRESS,
  host: IN_ADDRESS,
  hostaddr: "write the address in place of the host",
  passfile: `${NO_FILES}; write the password into the address`,
  password: IN_ADDRESS,
  port: IN_ADDRESS,
  replication: "leave it out",
  require_auth: "leave it out; channel_binding=require is supported",
  schema: "write options=-csearch_path%3DNAME",
  search_path: "write options=-csearch_path%3DNAME",
  currentSchema: "write options=-csearch_path%3DNAME",
  service: NO_FILES,
  servicefile: NO_FILES,
  sslaccept: "write sslmode",
  sslcert: `${NO_FILES}, and client certificates are not supported`,
  sslcertmode: "client certificates are not supported",
  sslcrl: NO_FILES,
  sslcrldir: NO_FILES,
  sslidentity: NO_FILES,
  sslkey: `${NO_FILES}, and client certificates are not supported`,
  sslkeylogfile: NO_FILES,
  sslpassword: "client certificates are not supported",
  user: IN_ADDRESS,
};

export interface Parameters {
  readonly values: ReadonlyMap<HonouredParameter, string>;
  /** Names of parameters without effect. */
  readonly ignored: readonly string[];
}

/**
 * Sorts parameters. `refuse` gets the reason why one can't be used, and throws. An unknown name is not
 * repeated in messages: it can be part of a password that contains a question mark.
 */
export function sortParameters(
  pairs: Iterable<readonly [name: string, value: string]>,
  refuse: (why: string) => Error,
): Parameters {
  const values = new Map<HonouredParameter, string>();
  const ignored: string[] = [];
  for (const [name, value] of pairs) {
    const honoured = HONOURED.find((known) => known === name);
    if (honoured !== undefined) {
      values.set(honoured, value);
    } else if (Object.hasOwn(ONLY, name)) {
      const only = ONLY[name] ?? [];
      if (!only.includes(value)) {
        throw refuse(`of ${name} only ${only.join(" or ")} is supported; leave it out`);
      }
    } else if (Object.hasOwn(REFUSED, name)) {
      throw refuse(`the parameter ${name} is not supported: ${REFUSED[name]}`);
    } else if (IGNORED.has(name)) {
      ignored.push(name);
    } else {
      throw refuse(`it has a parameter that is not known; accepted are ${HONOURED.join(", ")}`);
    }
  }
  return { values, ignored };
}
