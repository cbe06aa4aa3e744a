/**
 * The last line of defence for printed text: removes known secrets, credentials in URLs and bearer tokens.
 * Code must not rely on it: what must not be printed is not passed.
 */

import { Buffer } from "node:buffer";

/** Removes what must not be printed. */
export type Redact = (text: string) => string;

/** Shorter ones can't be distinguished from ordinary text, and protect nothing. */
const SHORTEST_SECRET = 3;

/**
 * Words of our own messages, and common guesses: as passwords they protect nothing, and messages would be
 * useless without them. In URLs they are removed nevertheless.
 */
const ORDINARY: ReadonlySet<string> = new Set([
  "admin",
  "database",
  "indexer",
  "jetstream",
  "memory:",
  "password",
  "postgres",
  "secret",
  "subcults",
  "test",
  "token",
  "user",
]);

const REPLACEMENT = "[secret]";

/** `scheme://user:password@`, also with an empty user or password. */
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi;

/** `?password=…`, `&api_key=…` and similar parameters. */
const QUERY_CREDENTIALS =
  /([?&;](?:[a-z_-]*(?:password|passwd|token|secret)|(?:api[_-]?)?key)=)[^&;\s"'<>]+/gi;

const BEARER = /\b(bearer\s+)[^\s"',;]+/gi;

/** The redaction for a process with these secrets. */
export function redactor(secrets: readonly string[]): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET || ORDINARY.has(secret)) continue;
    forms.add(secret);
    // Its forms in a URL, in JSON inside a text, and in HTTP Basic.
    forms.add(encodeURIComponent(secret.toWellFormed()));
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(Buffer.from(secret).toString("base64"));
  }
  // A secret that contains another one is removed first, or its rest would stay.
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
