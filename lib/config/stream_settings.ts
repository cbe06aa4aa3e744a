/** The settings for what is read, and from where. */

import { z } from "zod";
import { optional, setting } from "./setting.ts";
import { certificates } from "./setting_certificate.ts";
import { credential, flag, list } from "./setting_form.ts";
import { collectionPattern, did, jetstreamUrl, startFrom } from "./setting_stream.ts";

/** Jetstream's limit for one subscription. */
const MAX_COLLECTIONS = 100;
export const MAX_DIDS = 10_000;

export const STREAM_SETTINGS = {
  JETSTREAM_URL: setting({
    accepts: "at most 16 ws:// or wss:// URLs, comma-separated, whose path ends in /subscribe, " +
      "/xrpc/network.bsky.jetstream.subscribeEvents or /xrpc/com.atproto.sync.subscribeRepos, " +
      "with no query parameter that a setting decides",
    default: "wss://jetstream1.us-east.bsky.network/subscribe",
    meaning: "Servers to read from, in order of preference. The path selects the protocol.",
    schema: list(jetstreamUrl(), 16),
  }),
  JETSTREAM_API_KEY: optional({
    accepts: "visible ASCII characters without spaces",
    meaning: "Bearer key, sent to archive endpoints only.",
    secret: true,
    schema: credential(),
  }),
  JETSTREAM_COMPRESS: setting({
    accepts: "true or false",
    default: "true",
    meaning: "Use zstd with dictionaries when the server offers it.",
    schema: flag(),
  }),
  JETSTREAM_DICTIONARY_URL: setting({
    accepts: "an http:// or https:// URL",
    default: "https://raw.githubusercontent.com/bluesky-social/jetstream/" +
      "9a30defd224e9058814a7d6ce8d9e4fc48d5493c/internal/subscribe/dictionaries/" +
      "legacy_subscribe.zdict",
    meaning: "The zstd dictionary of v1, which its servers don't provide. Fetched at the first " +
      "connection and checked against its SHA-256; without it the connection is not compressed.",
    schema: z.url({ protocol: /^https?$/ }) as z.ZodType<string, string>,
  }),
  JETSTREAM_ROOT_CERT: optional({
    accepts: "certificates in PEM form, line breaks as they are or written \\n",
    meaning:
      "Certificate of a private authority for stream, archive and dictionary: the text itself. " +
      "Trusted in addition to the public ones.",
    schema: certificates(),
  }),
  WANTED_COLLECTIONS: setting({
    accepts: `at most ${MAX_COLLECTIONS} NSIDs or prefix.*, comma-separated`,
    default: "app.subcult.*",
    meaning: "Collections to keep.",
    schema: list(collectionPattern(), MAX_COLLECTIONS),
  }),
  WANTED_DIDS: optional({
    accepts: `at most ${MAX_DIDS} DIDs, comma-separated`,
    meaning:
      "Repositories to keep. Unset: all. On Linux a variable is limited to 128 KiB, about 3900 DIDs.",
    schema: list(did(), MAX_DIDS),
  }),
  WANTED_DIDS_2: optional({
    accepts: `with WANTED_DIDS at most ${MAX_DIDS} DIDs, comma-separated`,
    meaning: "More of WANTED_DIDS.",
    schema: list(did(), MAX_DIDS),
  }),
  WANTED_DIDS_3: optional({
    accepts: `with WANTED_DIDS at most ${MAX_DIDS} DIDs, comma-separated`,
    meaning: "More of WANTED_DIDS.",
    schema: list(did(), MAX_DIDS),
  }),
  START_FROM: setting({
    accepts: "live, archive, an RFC 3339 time, or a non-negative whole number",
    default: "live",
    meaning:
      "Where to start when no cursor is stored. A number is sent to the server as the cursor, " +
      "unchanged.",
    schema: startFrom(),
  }),
} as const;
