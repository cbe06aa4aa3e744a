/** The secrets in a configuration and in an environment, for loggers and pages to take out. */

import type { Config, EnvironmentVariables } from "../config.ts";
import { SETTINGS } from "./settings.ts";

/** Texts of this configuration that must never be printed, for redaction. */
export function secretsOf(config: Config): readonly string[] {
  const { database, jetstream, http, jitterSecret } = config;
  const secrets = [jetstream.apiKey, http.token, jitterSecret].flatMap((secret) =>
    secret === null ? [] : [secret.reveal()]
  );
  if (database.kind === "postgres") secrets.push(...credentialsIn(database.url.reveal()));
  for (const url of jetstream.urls) secrets.push(...credentialsIn(url));
  return secrets;
}

/** The same for an environment, even an invalid one. */
export function secretsIn(env: EnvironmentVariables): readonly string[] {
  const values = Object.entries(SETTINGS).flatMap(([name, { secret }]) =>
    secret ? env[name] ?? [] : []
  );
  const urls = [env["DATABASE_URL"] ?? "", ...(env["JETSTREAM_URL"] ?? "").split(",")];
  return [...values, ...urls.flatMap(credentialsIn)];
}

/** Also in URLs that `URL` rejects: several hosts, or a typing error. */
const CREDENTIALS = /^\s*[a-z]+:\/\/([^:@/?#]*)(?::([^/?#]*))?@/i;

/** The password of a URL, as written, decoded and sent, and every parameter with a name like one. */
function credentialsIn(text: string): readonly string[] {
  const [, user = "", password = ""] = CREDENTIALS.exec(text) ?? [];
  const found = [password, decoded(password)];
  // HTTP sends both together: a server that repeats them must not get them into the log.
  if (user !== "") found.push(decoded(`${user}:${password}`));
  for (const [, name = "", value = ""] of text.matchAll(/[?&]([^=&#]*)=([^&#]*)/g)) {
    if (/pass|token|secret|key/i.test(name)) found.push(value, decoded(value));
  }
  return found.filter((credential) => credential !== "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
