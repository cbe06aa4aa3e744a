/** Hand-made v1 frames for scenario tests: short to write, real in shape. */

import { tidOf } from "./wire_identifier.ts";

export const ALICE = "did:plc:alice2345abcdefghijklmno";
export const BOB = "did:plc:bob23456abcdefghijklmnop";
export const MALLORY = "did:plc:mallory5abcdefghijklmnop";

/** A scripted instance: each frame is one second later than the one before. */
export class Script {
  #timeUs = 1_787_218_200_000_000;
  #relaySeq = 100;

  /** A create or update of the record in `did`'s repository; with null, its delete. */
  commit(
    did: string,
    collection: string,
    rkey: string,
    record: Readonly<Record<string, unknown>> | null,
  ): string {
    const timeUs = this.#tick();
    const rev = tidOf(timeUs, 0);
    const nsid = `app.subcult.${collection}`;
    const commit = record === null
      ? { rev, operation: "delete", collection: nsid, rkey }
      : { rev, operation: "create", collection: nsid, rkey, record: { $type: nsid, ...record } };
    return JSON.stringify({ did, time_us: timeUs, kind: "commit", commit });
  }

  account(did: string, status: string | null): string {
    const account = {
      active: status === null,
      did,
      seq: ++this.#relaySeq,
      ...(status && { status }),
    };
    return JSON.stringify({ did, time_us: this.#tick(), kind: "account", account });
  }

  identity(did: string, handle: string | null): string {
    const identity = { did, seq: ++this.#relaySeq, ...(handle && { handle }) };
    return JSON.stringify({ did, time_us: this.#tick(), kind: "identity", identity });
  }

  #tick(): number {
    this.#timeUs += 1_000_000;
    return this.#timeUs;
  }
}
