/** Variables with which libpq completes a database URL. They are not read here. */

const LIBPQ_VARIABLE = new RegExp(
  "^PG(HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|PASSFILE|SERVICE|SERVICEFILE|OPTIONS|APPNAME|SSL[A-Z]*|" +
    "CHANNELBINDING|TARGETSESSIONATTRS|CONNECT_TIMEOUT|CLIENTENCODING|REQUIREAUTH)$",
);

/** A notice about those that are set, when a database is configured. */
export function libpqNotices(present: ReadonlyMap<string, string>): readonly string[] {
  if (!present.has("DATABASE_URL")) return [];
  return [...present.keys()].filter((name) => LIBPQ_VARIABLE.test(name)).map((name) =>
    `${name} is set but not used: only DATABASE_URL configures the database`
  );
}
