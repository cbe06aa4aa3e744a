/**
 * The envelopes of the two protocols. A message is made and read as v1 has it; v2 puts the same parts in
 * other places, and is the only one that tells of a rebuilt repository (`sync`).
 */

import { entriesOf } from "./fields.ts";
import { readMoment, writeMoment } from "./moment.ts";

export type Protocol = "v1" | "v2";

/** Position of a message in its stream. */
export interface Place {
  readonly timeUs: number;
  /** Null on a v1 server that numbers nothing. */
  readonly cursor: number | null;
}

type Parts = Readonly<Record<string, unknown>>;

const V2 = "network.bsky.jetstream.subscribeEvents#";

/** Puts `did`, `kind` and the body under the kind's name into an envelope. */
export function wrap(protocol: Protocol, { did, kind, ...rest }: Parts, place: Place): Parts {
  const { timeUs, cursor } = place;
  if (protocol === "v1") {
    return { did, time_us: timeUs, ...(cursor === null ? {} : { cursor }), kind, ...rest };
  }
  const body = kind === "commit" ? Object.fromEntries(entriesOf(rest["commit"]) ?? []) : rest;
  const time = writeMoment(BigInt(timeUs));
  return { $type: "message", payload: { $type: `${V2}${kind}`, seq: cursor, did, time, ...body } };
}

/** The parts of a message as v1 has them; those of v1 are returned as they are. */
export function unwrap(message: ReadonlyMap<string, unknown>): ReadonlyMap<string, unknown> {
  const payload = message.get("$type") === "message" ? entriesOf(message.get("payload")) : null;
  if (payload === null) return message;
  const kind = String(payload.get("$type")).replace(V2, "");
  const time = payload.get("time");
  const timeUs = typeof time === "string" ? readMoment(time) : null;
  return new Map([
    ["did", payload.get("did")],
    ["time_us", timeUs === null ? undefined : Number(timeUs)],
    ["kind", kind],
    [kind, kind === "commit" ? Object.fromEntries(payload) : payload.get(kind)],
  ]);
}

/** The frame as another instance sends it; an undecodable one stays unchanged. */
export function seenElsewhere(frame: string, skewUs: number, cursor: number): string {
  const message = parsed(frame);
  const kind = message?.get("kind");
  const timeUs = message?.get("time_us");
  if (message === undefined || typeof timeUs !== "number" || typeof kind !== "string") return frame;
  const place = { timeUs: timeUs + skewUs, cursor };
  const said = { did: message.get("did"), kind, [kind]: message.get(kind) };
  return JSON.stringify(wrap(protocolOf([frame]), said, place));
}

/** The protocol of a stream, of which every frame that makes sense has the same. */
export function protocolOf(frames: readonly string[]): Protocol {
  return frames.some((frame) => /"\$type":\s*"message"/.test(frame)) ? "v2" : "v1";
}

function parsed(frame: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const parts = entriesOf(JSON.parse(frame));
    return parts === null ? undefined : unwrap(parts);
  } catch {
    return undefined;
  }
}
