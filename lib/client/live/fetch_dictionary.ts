import { type Clock, systemClock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";
import { fetchSameOrigin } from "../same_origin_fetch.ts";
import { LinkedAbort } from "../linked_abort.ts";
import { printable } from "../server_message.ts";

/** A zstd dictionary (RFC 8878, section 5). */
export interface ZstdDictionary {
  readonly id: number;
  readonly bytes: Uint8Array;
}

export interface DictionaryOptions {
  /** Where to fetch the dictionary of v1: its servers don't provide it. */
  readonly v1Url: string;
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
}

/** Every connection to a server with a slow dictionary is delayed by this at most. */
const TIMEOUT_MS = 5_000;

/** The current one has 64 KiB. */
const MAX_BYTES = 1024 * 1024;

const MAGIC = 0xec30a437;

const SUBSCRIBE = "network.bsky.jetstream.subscribeEvents";
const GET_DICTIONARY = "network.bsky.jetstream.getZstdDictionary";

/** SHA-256 of the dictionary of v1, which never changes: any download must match it. */
const V1_SHA256 = "b8d77b46933aceecbdd5275a01241efc985c970c78162b8150cf67a26522f70c";

/**
 * Fetches the dictionary that a server currently compresses with. No API key is needed or sent.
 *
 * @throws {Error} when it can't be fetched, is not a dictionary with an id, or is not the v1 dictionary for
 * v1
 */
export async function fetchZstdDictionary(
  endpoint: Endpoint,
  { v1Url, signal, fetch: fetchFrom = fetch, clock = systemClock }: DictionaryOptions,
): Promise<ZstdDictionary> {
  const url = endpoint.protocol === "v1" ? new URL(v1Url) : dictionaryUrl(endpoint);
  using linked = new LinkedAbort(signal);
  const cancelTimer = clock.setTimer(
    () => linked.abort(new Error(`cannot get a dictionary: got no answer in ${TIMEOUT_MS} ms`)),
    TIMEOUT_MS,
  );
  try {
    const response = await fetchSameOrigin(fetchFrom, url, { signal: linked.signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`cannot get a dictionary: got HTTP ${response.status}, expected 200`);
    }
    const bytes = await readBounded(response);
    if (endpoint.protocol === "v1") await checkV1(bytes);
    return { id: dictionaryId(bytes, response.headers.get("x-zstd-dictionary-id")), bytes };
  } finally {
    cancelTimer();
  }
}

function dictionaryUrl(endpoint: Endpoint): URL {
  const url = new URL(endpoint.url);
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  url.pathname = url.pathname.slice(0, -SUBSCRIBE.length) + GET_DICTIONARY;
  url.search = "";
  return url;
}

async function checkV1(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== V1_SHA256) {
    throw new Error(`cannot use a dictionary for v1: got SHA-256 ${found}, expected ${V1_SHA256}`);
  }
}

async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAX_BYTES) {
      throw new Error(`cannot get a dictionary: got more than ${MAX_BYTES} bytes`);
    }
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function dictionaryId(bytes: Uint8Array, declared: string | null): number {
  const view = new DataView(bytes.buffer);
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) {
    throw new Error("cannot get a dictionary: got bytes that are no zstd dictionary");
  }
  const id = view.getUint32(4, true);
  if (id === 0 || (declared !== null && declared !== String(id))) {
    throw new Error(
      `cannot get a dictionary: got the id ${id}, expected ${
        declared === null ? "one above 0" : printable(declared)
      }`,
    );
  }
  return id;
}
