/** What is allowed but worth knowing: weak secrets, open ports, variables without effect. */

import { parseDatabaseUrl } from "../repository/connection/database_url.ts";
import { libpqNotices } from "./libpq_variables.ts";
import { proxyNotice } from "./proxies.ts";
import type { SettingValues } from "./settings.ts";
import { addressNotice, wantedDids } from "./wanted_dids.ts";

/** A shorter key can be found by brute force, and locations computed back. */
const SHORT_SECRET = 16;

/** All notices, as sentences for the log. */
export function noticesOf(
  values: SettingValues,
  present: ReadonlyMap<string, string>,
): readonly string[] {
  const { DATABASE_URL, INTERNAL_AUTH_TOKEN, JETSTREAM_URL, LOCATION_JITTER_SECRET } = values;
  const notices: string[] = [];
  if (LOCATION_JITTER_SECRET === undefined) {
    notices.push("LOCATION_JITTER_SECRET is unset: display points use a key that is public");
  } else if (LOCATION_JITTER_SECRET.reveal().length < SHORT_SECRET) {
    notices.push("LOCATION_JITTER_SECRET is short: 32 random characters or more can't be guessed");
  }
  if (INTERNAL_AUTH_TOKEN !== undefined && INTERNAL_AUTH_TOKEN.reveal().length < SHORT_SECRET) {
    notices.push("INTERNAL_AUTH_TOKEN is short: 32 random characters or more can't be guessed");
  }
  if (values.SUBCULT_ENV === "production") {
    if (INTERNAL_AUTH_TOKEN === undefined && !LOOPBACK.test(values.HTTP_HOST)) {
      notices.push("INTERNAL_AUTH_TOKEN is unset: metrics and the status page are open to all");
    }
    if (DATABASE_URL?.kind === "embedded") {
      notices.push("DATABASE_URL is memory:, so nothing is kept when the process ends");
    }
  }
  if (DATABASE_URL?.kind === "postgres") {
    const { ignored } = parseDatabaseUrl(DATABASE_URL.url.reveal());
    for (const name of ignored) {
      notices.push(`DATABASE_URL: the parameter ${name} has no effect here and is ignored`);
    }
  }
  const address = addressNotice(wantedDids(values), JETSTREAM_URL);
  if (address !== null) notices.push(address);
  if (JETSTREAM_URL.some((url) => isUnencrypted(new URL(url)))) {
    notices.push(
      "JETSTREAM_URL is not encrypted: anybody between here and the server can change events",
    );
  }
  notices.push(...libpqNotices(present));
  const proxy = proxyNotice(present);
  if (proxy !== null) notices.push(proxy);
  return notices;
}

const LOOPBACK = /^(localhost|127\..*|::1|\[::1\])$/;

function isUnencrypted(url: URL): boolean {
  return url.protocol === "ws:" && !LOOPBACK.test(url.hostname);
}
