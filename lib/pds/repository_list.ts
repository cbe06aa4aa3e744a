/** The repositories with records of a collection, as a relay lists them. */

import { isDid } from "../decoder/address.ts";
import type { GetOptions } from "./get.ts";
import { SourceError } from "./source_error.ts";
import { jsonOf, query } from "./xrpc.ts";

export interface RepositoryPage {
  readonly dids: readonly string[];
  /** Where the next page begins; null when there is none. */
  readonly cursor: string | null;
}

const PAGE = 1000;
const PAGE_BYTES = 4 * 1024 * 1024;

/** One page of the list. Throws a `SourceError`, or the reason of the signal. */
export async function listRepositories(
  relay: URL,
  collection: string,
  cursor: string | null,
  options: Omit<GetOptions, "maxBytes">,
): Promise<RepositoryPage> {
  const answer = await query(relay, "com.atproto.sync.listReposByCollection", {
    collection,
    limit: String(PAGE),
    ...(cursor === null ? {} : { cursor }),
  }, { ...options, maxBytes: PAGE_BYTES });
  const { repos, cursor: next } = jsonOf(answer, relay.host);
  if (!Array.isArray(repos)) {
    throw new SourceError("invalid", `cannot read ${relay.host}: the list has no repositories`);
  }
  const dids = repos.map((repo: { readonly did?: unknown } | null) => repo?.did).filter(isDid);
  // An empty page, or one that refers to itself, is the last one: listing must end.
  const isLast = typeof next !== "string" || next === cursor || dids.length === 0;
  return { dids, cursor: isLast ? null : next };
}
