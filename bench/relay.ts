/** A process between an indexer and its database that delays what passes: milliseconds each way, and the URL. */

import { Relay } from "../tests/support/distance/relay.ts";
import { say } from "./processes.ts";

if (import.meta.main) {
  const [oneWayMs = "0", url = ""] = Deno.args;
  const relay = new Relay(url, { oneWayMs: Number(oneWayMs) });
  say({ url: relay.through(url) });
}
