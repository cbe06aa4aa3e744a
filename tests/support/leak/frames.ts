/** Frames of Jetstream v1 with a clock of their own, so that the same stream is the same bytes. */

import type { Json } from "../../../lib/decoder/json.ts";

export type Frame = string | Uint8Array;

type Fields = Readonly<Record<string, unknown>>;

/** Long ago, and on a full second: no digit of a time looks like a coordinate. */
const BEGINNING_US = 1_704_067_200_000_000;

/** Writes frames, each a second after the one before. */
export class Frames {
  #count = 0;

  /** A commit, with whatever fields the test replaces or adds. */
  commit(
    did: string,
    collection: string,
    rkey: string,
    record: Json | undefined,
    commit: Fields = {},
  ): string {
    return JSON.stringify({
      did,
      time_us: this.#tick(),
      kind: "commit",
      commit: {
        rev: this.#rev(),
        operation: record === undefined ? "delete" : "create",
        collection: `app.subcult.${collection}`,
        rkey,
        record,
        ...commit,
      },
    });
  }

  account(did: string, active: boolean, status?: string): string {
    const account = { did, active, status, seq: this.#count };
    return JSON.stringify({ did, time_us: this.#tick(), kind: "account", account });
  }

  /** Any message that has a time. */
  other(fields: Fields): string {
    return JSON.stringify({ time_us: this.#tick(), ...fields });
  }

  #tick(): number {
    this.#count++;
    return BEGINNING_US + this.#count * 1_000_000;
  }

  #rev(): string {
    return `rev${String(this.#count).padStart(6, "0")}`;
  }
}
