/** Environment variables that look like misspelt settings. */

import { edits, nearest } from "../spelling.ts";

/** Our prefixes: an unknown name with one of them is a typing error, however different from any setting. */
const OWN_PREFIX = /^(JETSTREAM|QUEUE|BATCH|RECONNECT|RECONCILE|WANTED)_/;

/** Where the tests find their data: neither a setting nor a typing error. */
const TEST_CORPUS = "JETSTREAM_CORPUS";

/** Names that other programs use, and that look like misspelt settings of ours. */
const OF_OTHERS: ReadonlySet<string> = new Set(["DATABASE_URI", "HTTPS_HOST", "METRICS_HOST"]);

/** Variables that Kubernetes and Docker set for a service whose name has one of our prefixes. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)$/;
const SERVICE_ADDRESS = /^(tcp|udp):\/\//;

/** The setting that a name probably means; null for a setting, and for names of other programs. */
export function meantBy(name: string, value: string, settings: readonly string[]): string | null {
  if (settings.includes(name) || name === TEST_CORPUS || OF_OTHERS.has(name)) return null;
  if (SERVICE_LINK.test(name) || (name.endsWith("_PORT") && SERVICE_ADDRESS.test(value))) {
    return null;
  }
  const near = settings.find((setting) => isMisspelling(name, setting));
  return near ?? (OWN_PREFIX.test(name) ? nearest(name, settings) ?? null : null);
}

/** Whether a name differs from a setting only in case, separators, word order, or a few letters. */
function isMisspelling(name: string, setting: string): boolean {
  const words = wordsOf(name);
  const own = wordsOf(setting);
  // DATABASE_URL_2 and MY_DATABASE_URL are names of their own.
  if (words.length > own.length && own.every((word) => words.includes(word))) return false;
  if (words.toSorted().join() === own.toSorted().join()) return true;
  const letters = own.join("");
  return edits(words.join(""), letters) <= (letters.length < 10 ? 1 : 2);
}

function wordsOf(name: string): string[] {
  return name.toUpperCase().split(/[^A-Z0-9]+/).filter((word) => word !== "");
}
