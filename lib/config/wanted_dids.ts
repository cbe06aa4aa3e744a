/** The wanted accounts, from all variables, and the consequences of their number. */

import { parseEndpoint } from "../client/endpoint.ts";
import { lengthInAddress, LONG_ADDRESS } from "../client/subscription.ts";
import type { ConfigProblem } from "./config_problem.ts";
import type { SettingValues } from "./settings.ts";
import { MAX_DIDS } from "./stream_settings.ts";

/** Jetstream's limit for a URL; proxies have lower ones. */
const LONGEST_ADDRESS = 1_000_000;

/** Each once, in the order of the settings. */
export function wantedDids(values: Partial<SettingValues>): readonly string[] {
  const { WANTED_DIDS = [], WANTED_DIDS_2 = [], WANTED_DIDS_3 = [] } = values;
  return [...new Set([...WANTED_DIDS, ...WANTED_DIDS_2, ...WANTED_DIDS_3])];
}

/** The problem when a URL would be longer than any server accepts; otherwise null. */
export function addressProblem(
  dids: readonly string[],
  urls: readonly string[],
): ConfigProblem | null {
  const bytes = lengthInAddress(dids);
  const found = dids.length > MAX_DIDS
    ? `${dids.length} DIDs in total, expected at most ${MAX_DIDS}`
    : bytes > LONGEST_ADDRESS && hasV2(urls)
    ? `${dids.length} DIDs that make a URL of ${bytes} bytes, expected at most ` +
      `${LONGEST_ADDRESS} with a v2 server in JETSTREAM_URL`
    : null;
  return found === null
    ? null
    : { setting: "WANTED_DIDS", message: `cannot use WANTED_DIDS: got ${found}` };
}

/** A notice when a proxy between here and the server may reject the URL; otherwise null. */
export function addressNotice(dids: readonly string[], urls: readonly string[]): string | null {
  const bytes = lengthInAddress(dids);
  if (bytes <= LONG_ADDRESS || !hasV2(urls)) return null;
  return `WANTED_DIDS make a URL of ${bytes} bytes for a v2 server: many proxies refuse more than ` +
    "8 KiB. v1 servers take the list in a message";
}

function hasV2(urls: readonly string[]): boolean {
  return urls.some((url) => parseEndpoint(url).protocol === "v2");
}
