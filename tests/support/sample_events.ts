/**
 * Events for tests, as a server sends them: each newer than the one before. Records go by short
 * names: `alice/scene/s1` is the record s1 of `app.subcult.scene` in Alice's repository.
 */

import type { RecordKey } from "../../lib/mapper/collection.ts";
import type { JetstreamEvent } from "./jetstream/stored_event.ts";
import { SMALLEST } from "./mapper_sample.ts";

/** 2026-08-20T09:30:00Z, Unix microseconds. */
const FIRST_EVENT_US = 1_787_218_200_000_000;

const TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz";

/** The DID of somebody. */
export function didOf(name: string): string {
  return `did:plc:${name.padEnd(24, "2")}`;
}

/** The key of a record by its short name. */
export function keyOf(record: string): RecordKey {
  const [name = "", collection = "", ...rkey] = record.split("/");
  const nsid = collection.includes(".") ? collection : `app.subcult.${collection}`;
  return { did: didOf(name), collection: nsid, rkey: rkey.join("/") };
}

/** The AT-URI of a record by its short name. */
export function uriOf(record: string): string {
  const { did, collection, rkey } = keyOf(record);
  return `at://${did}/${collection}/${rkey}`;
}

/** The TID of a time, Unix microseconds. */
export function tidAt(timeUs: number): string {
  let value = BigInt(timeUs) << 10n;
  let text = "";
  for (let index = 0; index < 13; index++) {
    text = TID_ALPHABET.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}

export class SampleEvents {
  #timeUs: number;
  #relaySeq = 0;

  constructor(firstEventUs = FIRST_EVENT_US) {
    this.#timeUs = firstEventUs;
  }

  /** A revision: the smallest record of its collection with some fields over it. */
  put(record: string, fields: Readonly<Record<string, unknown>> = {}): JetstreamEvent {
    const { collection } = keyOf(record);
    const name = collection.replace("app.subcult.", "");
    const content = { $type: collection, ...withoutAbsent({ ...SMALLEST[name], ...fields }) };
    return this.#commit(record, "update", {
      record: content,
      cid: "bafyreihdwdcefgh4dqkjv67uzcmw",
    });
  }

  delete(record: string): JetstreamEvent {
    return this.#commit(record, "delete", {});
  }

  identity(name: string, handle: string): JetstreamEvent {
    const did = didOf(name);
    return this.#event(name, "identity", { did, handle, ...this.#upstream() });
  }

  account(name: string, active: boolean, status?: string): JetstreamEvent {
    const did = didOf(name);
    return this.#event(name, "account", { did, active, status, ...this.#upstream() });
  }

  /** A repository that was rebuilt: its records follow. v2 only. */
  sync(name: string): JetstreamEvent {
    return this.#event(name, "sync", { rev: tidAt(this.#timeUs + 1_000_000) });
  }

  /** Where the stream has got to, Unix microseconds. */
  get timeUs(): number {
    return this.#timeUs;
  }

  #commit(record: string, operation: string, content: object): JetstreamEvent {
    const { collection, rkey } = keyOf(record);
    const [name = ""] = record.split("/");
    const event = this.#event(name, "commit", {});
    const rev = tidAt(this.#timeUs);
    return { ...event, commit: { rev, operation, collection, rkey, ...content } };
  }

  #event(name: string, kind: JetstreamEvent["kind"], body: object): JetstreamEvent {
    this.#timeUs += 1_000_000;
    return { did: didOf(name), time_us: this.#timeUs, kind, [kind]: body };
  }

  #upstream(): { seq: number; time: string } {
    this.#relaySeq++;
    return { seq: this.#relaySeq, time: new Date(this.#timeUs / 1000).toISOString() };
  }
}

/** Fields that are undefined take one of the smallest record away. */
function withoutAbsent(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
