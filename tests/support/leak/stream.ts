/** A stream with marked places in every known spelling, and the marks in it. */

import { encode } from "@atcute/cbor";
import type { Json, JsonObject } from "../../../lib/decoder/json.ts";
import { consentFrames } from "./consent.ts";
import { type Disguise, LOCATIONS, TEXTS, VALUES } from "./disguise.ts";
import { type Frame, Frames } from "./frames.ts";
import { type Mark, Marks } from "./mark.ts";
import { PLACES } from "../places/forms.ts";
import { AUTHOR, COLLECTIONS, RIGHT, withText, withValue } from "./records.ts";

/** The last record of the stream: once it is committed, everything is. */
export const LAST = { did: "did:plc:leaklast", rkey: "last" } as const;

export interface LeakStream {
  readonly frames: readonly Frame[];
  readonly marks: readonly Mark[];
}

/** Creates the stream. `every`: only each n-th disguise, for a quick run. */
export function leakStream(every: number = 1): LeakStream {
  const writer = new StreamWriter(every);
  writer.scenes();
  writer.disguised();
  writer.forms();
  writer.locations();
  writer.undecodable();
  writer.foreign();
  writer.consent();
  writer.last();
  return { frames: writer.frames, marks: writer.marks.all };
}

class StreamWriter {
  readonly frames: Frame[] = [];
  readonly marks = new Marks(20260820);
  readonly #every: number;
  readonly #write = new Frames();
  #offered = 0;
  #records = 0;

  constructor(every: number) {
    this.#every = every;
  }

  scenes(): void {
    for (const rkey of ["home", "away"]) {
      this.#push(this.#write.commit(AUTHOR, "scene", rkey, { name: rkey }));
    }
  }

  /** Every disguise in every collection: accepted, rejected, and waiting for a parent. */
  disguised(): void {
    for (const collection of COLLECTIONS) {
      for (const disguise of TEXTS) {
        this.#each(disguise, (text) => withText(collection, String(text)), collection);
      }
      for (const disguise of VALUES) {
        this.#each(disguise, (value) => withValue(collection, value), collection);
      }
      for (const [name, tell] of [...TEXTS, ...VALUES]) {
        if (!this.#chosen()) continue;
        const mark = this.marks.add(`${name}, waiting ${collection}`);
        this.#record(collection, { ...RIGHT[collection], sceneId: "nowhere", note: tell(mark) });
      }
    }
  }

  /** The corpus of forms, each in the fields of one collection and where nobody expects it. */
  forms(): void {
    for (const [index, { form }] of PLACES.entries()) {
      if (!this.#chosen()) continue;
      const collection = COLLECTIONS[index % COLLECTIONS.length] ?? "post";
      const records = [
        ...typeof form === "string" ? withText(collection, form) : [],
        ...withValue(collection, form),
        { ...RIGHT[collection], sceneId: "nowhere", note: form },
      ];
      for (const record of records) this.#record(collection, record);
      this.#push(...this.#cuts(this.#frameOf("scene", { name: "cut", note: form })));
      this.#push(...this.#binary(form));
    }
  }

  /** Everything that `location` can be without consent. */
  locations(): void {
    for (const collection of ["scene", "event"]) {
      const { name: _, ...nameless } = RIGHT[collection] ?? {};
      for (const [name, tell] of LOCATIONS) {
        if (!this.#chosen()) continue;
        const bases = [RIGHT[collection], nameless, { ...RIGHT[collection], sceneId: "nowhere" }];
        for (const base of bases) {
          const mark = this.marks.add(`location: ${name}, ${collection}`);
          this.#record(collection, { ...base, location: tell(mark) });
        }
        const beside = this.marks.add(`coarseGeohash: ${name}, ${collection}`);
        this.#record(collection, { ...RIGHT[collection], coarseGeohash: tell(beside) });
        const elsewhere = this.marks.add(`location of a post: ${name}`);
        this.#record("post", { ...RIGHT["post"], location: tell(elsewhere) });
      }
    }
    for (const [lat, lng] of [[90.5, 0], [0, 180.5], [1e15, 1]] as const) {
      this.#record("scene", { name: "beyond", location: { lat, lng, allowPrecise: true } });
    }
    // The key is written twice, and the parser sees only the last of them.
    const twice = this.marks.add("key written twice");
    const frame = this.#frameOf("scene", { name: "twice", location: { lat: 1, lng: 2 } });
    this.#push(frame.replace('"lat":1', `"lat":${twice.lat},"lat":1`));
  }

  /** Invalid records, undecodable frames, and everything cut in half. */
  undecodable(): void {
    for (const [name, tell] of [...TEXTS, ...VALUES, ...LOCATIONS]) {
      // A number by itself is a place in `location` only.
      if (name === "number" || !this.#chosen()) continue;
      const of = (what: string): Json => tell(this.marks.add(`${name}, ${what}`));
      this.#push(
        ...this.#cuts(this.#frameOf("scene", { name: "cut", location: of("cut") })),
        this.#frameOf("post", of("record itself")),
        this.#frameOf("post", [of("record is a list")]),
        this.#frameOf("scene", { name: "\0", note: of("unstorable") }),
        this.#frameOf("scene", { name: "\ud800", note: of("unstorable") }),
        this.#frameOf("scene", { name: "x", n: 2 ** 60, note: of("unsafe integer") }),
        this.#frameOf("scene", { name: "x", note: nested(of("too deep"), 100) }),
        this.#frameOf("scene", { name: "x", note: of("deleted") }, { operation: "delete" }),
        this.#frameOf("scene", { name: "x", note: of("operation") }, {
          operation: of("operation"),
        }),
        this.#frameOf("scene", { note: of("rkey") }, { rkey: of("rkey") }),
        this.#frameOf("scene", { note: of("rev") }, { rev: of("rev") }),
        this.#frameOf("scene", { note: of("cid") }, { cid: of("cid") }),
        this.#write.other({ did: of("did"), kind: "commit", commit: of("commit") }),
        this.#write.other({ did: of("did"), kind: "identity", identity: { handle: of("handle") } }),
        this.#write.other({
          did: AUTHOR,
          kind: "account",
          account: { active: of("active"), status: of("status") },
        }),
        this.#write.other({ did: of("did"), kind: of("kind") }),
        this.#write.other({ did: AUTHOR, kind: "new kind", body: of("unknown kind") }),
        JSON.stringify(of("frame itself")),
        `garbage ${JSON.stringify(of("garbage"))}`,
        // Latin-1 where UTF-8 belongs.
        new Uint8Array([0xff, ...new TextEncoder().encode(JSON.stringify(of("not UTF-8")))]),
        ...this.#binary(of("CBOR")),
      );
    }
  }

  /** Unwanted events. */
  foreign(): void {
    for (const [name, tell] of [...TEXTS, ...VALUES]) {
      if (!this.#chosen()) continue;
      const mark = this.marks.add(`${name}, foreign`);
      const collection = "app.bsky.feed.post";
      const rkey = `${Math.abs(mark.lat)}`;
      const record = { text: "x", note: tell(mark) };
      this.#push(this.#write.commit(`did:web:${mark.word}`, "x", rkey, record, { collection }));
    }
  }

  /** Places that are shared, and sharing that ends. */
  consent(): void {
    const copies = this.#every === 1 ? 3 : 1;
    this.#push(...consentFrames(this.#write, this.marks, copies));
  }

  last(): void {
    this.#push(this.#write.commit(LAST.did, "scene", LAST.rkey, { name: "the last" }));
  }

  #each(
    [name, tell]: Disguise,
    records: (told: Json) => readonly JsonObject[],
    collection: string,
  ): void {
    const count = records("").length;
    for (let index = 0; index < count; index++) {
      if (!this.#chosen()) continue;
      const mark = this.marks.add(`${name}, ${collection} ${index}`);
      const record = records(tell(mark))[index];
      if (record !== undefined) this.#record(collection, record);
    }
  }

  #cuts(frame: string): string[] {
    const parts = [1, 2, 3, 4, 5].map((n) => Math.floor(frame.length * n / 6));
    return [
      ...parts.map((end) => frame.slice(0, end)),
      frame.slice(0, -1),
      frame.slice(1),
      `${frame}}`,
    ];
  }

  /** The same in CBOR, whole and broken. */
  #binary(told: Json): Uint8Array[] {
    const text = this.#frameOf("scene", { name: "x", note: told });
    const bytes = encode(JSON.parse(text));
    return [bytes, bytes.slice(0, -3), bytes.slice(1), new Uint8Array([...bytes, 1, 2])];
  }

  #record(collection: string, record: JsonObject): void {
    this.#push(this.#frameOf(collection, record));
  }

  #frameOf(collection: string, record: Json, commit: object = {}): string {
    return this.#write.commit(AUTHOR, collection, `record${this.#records++}`, record, {
      ...commit,
    });
  }

  #chosen(): boolean {
    return this.#offered++ % this.#every === 0;
  }

  #push(...frames: readonly Frame[]): void {
    this.frames.push(...frames);
  }
}

function nested(value: Json, levels: number): Json {
  let outer = value;
  for (let level = 0; level < levels; level++) outer = { a: outer };
  return outer;
}
