/**
 * The records of a repository by collection, for one that is too large to be read as a whole. Listings are
 * not signed: the server is trusted, except that each record must match its CID.
 */

import { encode } from "@atcute/cbor";
import { recordCid } from "../decoder/cbor/cid.ts";
import type { GetOptions } from "./get.ts";
import type { Snapshot, SourceRecord } from "./signed_repository.ts";
import { SourceError } from "./source_error.ts";
import { jsonOf, query } from "./xrpc.ts";

export interface ListLimits {
  /** Maximum number of records of a repository. */
  readonly maxRecords: number;
  /** Their maximum size. */
  readonly maxBytes: number;
  /** For all pages, milliseconds. */
  readonly maxMs: number;
}

const PAGE = 100;
const PAGE_BYTES = 16 * 1024 * 1024;

/**
 * Lists the records of each collection. The revision is requested first: a record that changes meanwhile
 * comes again with the stream, under a later revision.
 */
export async function listRepository(
  pds: URL,
  did: string,
  collections: readonly string[],
  limits: ListLimits,
  options: Omit<GetOptions, "maxBytes">,
): Promise<Snapshot> {
  const asking = { ...options, maxBytes: PAGE_BYTES };
  const latest = jsonOf(
    await query(pds, "com.atproto.sync.getLatestCommit", { did }, asking),
    pds.host,
  );
  const { rev } = latest;
  if (typeof rev !== "string") {
    throw new SourceError("invalid", `cannot read ${pds.host}: the latest commit has no revision`);
  }
  const records: SourceRecord[] = [];
  let bytes = 0;
  const end = performance.now() + limits.maxMs;
  for (const collection of collections) {
    let cursor: string | null = null;
    const seen = new Set<string>();
    do {
      if (performance.now() > end) {
        const { host } = pds;
        const message = `cannot read ${host}: the list takes more than ${limits.maxMs} ms`;
        throw new SourceError("unreachable", message, { host });
      }
      const page = await query(pds, "com.atproto.repo.listRecords", {
        repo: did,
        collection,
        limit: String(PAGE),
        ...(cursor === null ? {} : { cursor }),
      }, asking);
      bytes += page.body.length;
      const { records: listed, cursor: next } = jsonOf(page, pds.host);
      const found = Array.isArray(listed) ? listed : [];
      for (const one of found) records.push(recordOf(one, did, collection, pds));
      if (records.length > limits.maxRecords || bytes > limits.maxBytes) {
        throw new SourceError(
          "too_large",
          `cannot read ${did}: more records than are read at a time`,
        );
      }
      cursor = typeof next === "string" && found.length > 0 ? next : null;
      if (cursor !== null && seen.has(cursor)) {
        throw new SourceError("invalid", `cannot read ${pds.host}: a page refers to itself`);
      }
      seen.add(cursor ?? "");
    } while (cursor !== null);
  }
  return { rev, records, covers: (collection) => collections.includes(collection) };
}

function recordOf(listed: unknown, did: string, collection: string, pds: URL): SourceRecord {
  const { uri, cid, value } = (listed ?? {}) as Readonly<Record<string, unknown>>;
  const prefix = `at://${did}/${collection}/`;
  if (typeof uri !== "string" || !uri.startsWith(prefix) || typeof cid !== "string") {
    throw new SourceError(
      "invalid",
      `cannot read ${pds.host}: it lists records of other collections than ${collection}`,
    );
  }
  const bytes = encoded(value);
  if (bytes === null || recordCid(bytes) !== cid) {
    throw new SourceError("invalid", `cannot read ${pds.host}: a record does not match its CID`);
  }
  return { collection, rkey: uri.slice(prefix.length), cid, bytes };
}

function encoded(value: unknown): Uint8Array | null {
  try {
    return encode(value);
  } catch {
    return null;
  }
}
