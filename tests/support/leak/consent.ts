/** Places that are shared, and every way in which sharing ends. */

import type { Json, JsonObject } from "../../../lib/decoder/json.ts";
import type { Frames } from "./frames.ts";
import type { Marks, Surface } from "./mark.ts";
import { AUTHOR, RIGHT } from "./records.ts";

/** The name of a record whose row the database rejects. */
export const REFUSED_NAME = "refused by the database";

/** A record that shares its place, before it does. */
interface Sharing {
  readonly what: string;
  readonly collection: string;
  readonly record: JsonObject;
  /** Where the place may be as long as it is shared. */
  readonly allowed: readonly Surface[];
  /** Whether it had a row. */
  readonly row?: boolean;
}

/** What the author of one shared record can still do. */
interface Author {
  commit(record: Json | undefined): string;
  account(active: boolean, status?: string): string;
}

/** How sharing ends, and whether the row is hidden: then only its texts stay. */
type Ending = readonly [
  what: string,
  frames: (author: Author, record: JsonObject) => string[],
  end: "changed" | "gone",
];

const COARSE = { allowPrecise: false, coarseGeohash: "u33db8" };

const ENDINGS: readonly Ending[] = [
  ["withdrawn", ({ commit }, record) => [commit({ ...record, location: COARSE })], "changed"],
  ["left out", ({ commit }, record) => [commit(record)], "changed"],
  ["deleted", ({ commit }) => [commit(undefined)], "gone"],
  ["newer rejected", ({ commit }, record) => [commit({ ...record, tags: [1] })], "gone"],
  ["newer refused", ({ commit }, record) => [commit({ ...record, location: "x" })], "gone"],
  ["newer dropped", ({ commit }, record) => [commit({ ...record, note: "\0" })], "gone"],
  ["account deleted", ({ account }) => [account(false, "deleted")], "gone"],
  [
    "suspended, deleted, back",
    ({ account, commit }) => [account(false, "suspended"), commit(undefined), account(true)],
    "gone",
  ],
];

/** Frames that share places, `copies` of each kind, and their marks. */
export function* consentFrames(write: Frames, marks: Marks, copies: number): Generator<string> {
  for (let copy = 0; copy < copies; copy++) {
    for (const sharing of sharings(copy)) {
      yield* share(write, marks, sharing, null);
      for (const ending of ENDINGS) yield* share(write, marks, sharing, ending);
    }
    for (const collection of ["scene", "event"]) {
      const sharing = { what: "suspended", collection, record: right(collection) };
      yield* share(write, marks, { ...sharing, allowed: ["ledger"], row: true }, null, (did) => [
        write.account(did, false, "suspended"),
      ]);
    }
    const orphan = { what: "parent deleted", collection: "event", record: right("event") };
    yield* share(write, marks, { ...orphan, allowed: ["ledger"], row: true }, null, (did) => [
      write.commit(did, "scene", "home", undefined),
    ]);
  }
}

function* sharings(copy: number): Generator<Sharing> {
  for (const collection of ["scene", "event"]) {
    const record = right(collection);
    const { name: _, ...nameless } = record;
    const name = `${REFUSED_NAME} ${copy}`;
    yield { what: "applied", collection, record, allowed: ["ledger", "product"] };
    yield { what: "rejected", collection, record: nameless, allowed: ["ledger", "letter"] };
    yield {
      what: "refused",
      collection,
      record: { ...record, name },
      allowed: ["ledger", "letter"],
    };
  }
  const stranger = { ...right("event"), sceneId: `at://${AUTHOR}/app.subcult.scene/home` };
  const orphan = { ...right("event"), sceneId: "nowhere" };
  const collection = "event";
  yield { what: "not the owner", collection, record: stranger, allowed: ["ledger", "letter"] };
  yield { what: "waiting", collection, record: orphan, allowed: ["ledger"] };
}

function* share(
  write: Frames,
  marks: Marks,
  { what, collection, record, allowed, row = allowed.includes("product") }: Sharing,
  ending: Ending | null,
  afterwards: (did: string) => string[] = () => [],
): Generator<string> {
  const name = `shared ${collection}, ${what}${ending === null ? "" : `, ${ending[0]}`}`;
  const { lat, lng } = marks.add(name, ending === null ? allowed : []);
  const said = marks.add(`text of a ${name}`, textAllowed(ending, allowed, row));
  // An account of its own, because some endings are about the whole account.
  const did = `did:plc:leak${marks.all.length}`;
  if (collection === "event") yield write.commit(did, "scene", "home", { name: "home" });
  const author: Author = {
    commit: (record) => write.commit(did, collection, "shared", record),
    account: (active, status) => write.account(did, active, status),
  };
  // Every second place is decimal text.
  const isText = marks.all.length % 4 < 2;
  const location = {
    lat: isText ? `${lat}` : lat,
    lng: isText ? `${lng}` : lng,
    allowPrecise: true,
  };
  const first = author.commit({ ...record, description: `about ${said.word}`, location });
  yield first;
  yield* afterwards(did);
  if (ending === null) return;
  yield* ending[1](author, record);
  // The old revision is repeated, and changes nothing.
  yield first;
}

/** Where the words of the record may be at the end: with its place, and in the row that it had. */
function textAllowed(
  ending: Ending | null,
  allowed: readonly Surface[],
  row: boolean,
): readonly Surface[] {
  const stays: readonly Surface[] = row && ending?.[2] !== "changed" ? ["text"] : [];
  const kept = allowed.filter((surface) => surface !== "product");
  return ending === null ? [...kept, ...stays] : stays;
}

function right(collection: string): JsonObject {
  return RIGHT[collection] ?? {};
}
