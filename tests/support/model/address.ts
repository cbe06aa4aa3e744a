/**
 * The syntax of AT Protocol addresses as the model understands it, written from the protocol's own
 * rules and shared with nothing.
 */

export const SCENE = "app.subcult.scene";
export const EVENT = "app.subcult.event";
export const POST = "app.subcult.post";
export const ALLIANCE = "app.subcult.alliance";
export const MEMBERSHIP = "app.subcult.membership";
export const STREAM = "app.subcult.stream";

/** The product table of each collection of the app. */
export const TABLE_OF: ReadonlyMap<string, string> = new Map([
  [SCENE, "scenes"],
  [EVENT, "events"],
  [POST, "posts"],
  [ALLIANCE, "alliances"],
  [MEMBERSHIP, "memberships"],
  [STREAM, "stream_sessions"],
]);

export function isDid(text: string): boolean {
  return text.length <= 2048 && /^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$/.test(text);
}

export function isRkey(text: string): boolean {
  return text !== "." && text !== ".." && /^[a-zA-Z0-9._~:-]{1,512}$/.test(text);
}

/** A revision: a TID, or anything else that a careless host makes and that sorts as bytes. */
export function isRev(text: string): boolean {
  return /^[A-Za-z0-9._:~-]{1,255}$/.test(text);
}

export function isNsid(text: string): boolean {
  return text.length <= 317 &&
    /^[a-zA-Z]([a-zA-Z0-9-]{0,62})(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}))+\.[a-zA-Z][a-zA-Z0-9]{0,62}$/
      .test(text);
}

/** The key that the model gives a record everywhere: no part of it can hold a slash. */
export function uriOf(did: string, collection: string, rkey: string): string {
  return `at://${did}/${collection}/${rkey}`;
}

/** A reference as its author wrote it. */
export type Written =
  | { readonly form: "uri"; readonly uri: string; readonly did: string; readonly rkey: string }
  | { readonly form: "bare"; readonly rkey: string };

/** Reads a reference to a record of `target`; null where it is neither an AT-URI of it nor an rkey. */
export function readReference(text: string, target: string): Written | null {
  if (!text.startsWith("at://")) return isRkey(text) ? { form: "bare", rkey: text } : null;
  const parts = text.slice("at://".length).split("/");
  if (parts.length !== 3) return null;
  const [did = "", collection = "", rkey = ""] = parts;
  if (!isDid(did) || collection !== target || !isRkey(rkey)) return null;
  return { form: "uri", uri: text, did, rkey };
}
