/**
 * The last defence of everything that is printed: known secrets, credentials in URLs and bearer
 * tokens are taken out of a text. Nobody should rely on it: what must not be printed is not passed.
 */

import { Buffer } from "node:buffer";

/** Takes out of a text what must not be printed. */
export type Redact = (text: string) => string;

/** Shorter ones can't be told from ordinary text, and protect nothing. */
const SHORTEST_SECRET = 3;

/**
 * Words of our own messages, and the first that anybody would guess: as passwords they protect nothing, and
 * a message without them tells nothing. In addresses they go all the same.
 */
const ORDINARY: ReadonlySet<string> = new Set([
  "admin",
  "database",
  "indexer",
  "jetstream",
  "password",
  "postgres",
  "secret",
  "subcults",
  "test",
  "token",
  "user",
]);

const REPLACEMENT = "[secret]";

/** `scheme://user:password@`, also where the user or the password is empty. */
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi;

/** `?password=…`, `&api_key=…` and their like. */
const QUERY_CREDENTIALS =
  /([?&;](?:[a-z_-]*(?:password|passwd|token|secret)|(?:api[_-]?)?key)=)[^&;\s"'<>]+/gi;

const BEARER = /\b(bearer\s+)[^\s"',;]+/gi;

/** Makes the redaction for a process that knows these secrets. */
export function redactor(secrets: readonly string[]): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET || ORDINARY.has(secret)) continue;
    forms.add(secret);
    // As it looks inside a URL, inside JSON that was put into a text, and in HTTP's Basic.
    forms.add(encodeURIComponent(secret.toWellFormed()));
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(Buffer.from(secret).toString("base64"));
  }
  // A secret that holds another one goes first, or its rest would stay.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  return (text) => {
    let redacted = text;
    for (const form of ordered) redacted = redacted.replaceAll(form, REPLACEMENT);
    return redacted
      .replace(URL_CREDENTIALS, "$1")
      .replace(QUERY_CREDENTIALS, `$1${REPLACEMENT}`)
      .replace(BEARER, `$1${REPLACEMENT}`);
  };
}
