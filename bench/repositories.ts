/** A process that is the directory and the server of some repositories, signed in advance. */

import { TinyNetwork } from "../tests/support/pds/tiny_network.ts";
import { say } from "./processes.ts";
import { SampleStream } from "./sample.ts";

/** Its output when it is ready. */
export interface Repositories {
  readonly url: string;
  readonly dids: readonly string[];
  readonly records: number;
}

interface Message {
  readonly did: string;
  readonly commit: {
    readonly collection: string;
    readonly rkey: string;
    readonly record: Readonly<Record<string, unknown>>;
  };
}

/** Records of the sample, of a tenth as many accounts: about as many each. */
async function fill(network: TinyNetwork, accounts: number): Promise<Repositories> {
  const records = accounts * 10;
  const stream = new SampleStream();
  const dids = Array.from({ length: accounts }, (_, at) => didOf(at));
  for (const did of dids) await network.account(did);
  for (let at = 0; at < records; at++) {
    const { commit: { collection, rkey, record } } = JSON.parse(stream.message(at)) as Message;
    const path = `${collection}/${rkey}`;
    network.put(dids[at % accounts] ?? "", path, withoutFractions(record));
  }
  return { url: network.url, dids, records };
}

function didOf(at: number): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const digits = [15, 10, 5, 0].map((shift) => letters.charAt((at >> shift) & 31));
  return `did:plc:${"b".repeat(20)}${digits.join("")}`;
}

/** As repositories have them: a number that is not whole is text. */
function withoutFractions(record: Readonly<Record<string, unknown>>): unknown {
  return JSON.parse(
    JSON.stringify(record),
    (_, value) => typeof value === "number" && !Number.isInteger(value) ? String(value) : value,
  );
}

if (import.meta.main) {
  const network = new TinyNetwork();
  const repositories = await fill(network, Number(Deno.args[0] ?? 100));
  const cars = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const did of repositories.dids) cars.set(did, await network.car(did));
  network.misbehaviour = (_, { pathname, searchParams }) => {
    const car = cars.get(searchParams.get("did") ?? "");
    return pathname.endsWith("getRepo") && car !== undefined ? new Response(car) : null;
  };
  Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
  say(repositories);
}
