import { encodeFrame, OPCODE } from "./websocket_server.ts";

/** One operation on one record, as in a v1 message. */
export interface CommitBody {
  readonly rev: string;
  readonly operation: string;
  readonly collection: string;
  readonly rkey: string;
  readonly record?: unknown;
  readonly cid?: string;
}

/** An event as a v1 message has it, less what the server adds. `sync` is seen on v2 only. */
export interface JetstreamEvent {
  readonly did: string;
  /** Unix microseconds; the time of the push when it is left out. */
  readonly time_us?: number;
  readonly kind: "commit" | "identity" | "account" | "sync";
  readonly commit?: CommitBody;
  readonly identity?: unknown;
  readonly account?: unknown;
  readonly sync?: unknown;
}

/** What a connection wants. */
export interface EventFilter {
  readonly collections: readonly string[];
  readonly dids: ReadonlySet<string>;
}

const V2 = "network.bsky.jetstream.subscribeEvents";

/** An event in the log of a server, which encodes it once for each protocol. */
export class StoredEvent {
  readonly seq: number;
  readonly timeUs: number;
  /** A text is sent as it is, to everyone. */
  readonly #event: JetstreamEvent | string;
  readonly #legacy: boolean;
  readonly #frames: { v1: Uint8Array | null; v2: Uint8Array | null } = { v1: null, v2: null };

  /** @param legacy an old v1 server, which has no sequence numbers */
  constructor(event: JetstreamEvent | string, seq: number, timeUs: number, legacy: boolean) {
    this.seq = seq;
    this.timeUs = timeUs;
    this.#event = event;
    this.#legacy = legacy;
  }

  /** The message, or null when this protocol does not show the event. */
  text(protocol: "v1" | "v2"): string | null {
    const event = this.#event;
    if (typeof event === "string") return event;
    return protocol === "v1"
      ? v1Text(event, this.seq, this.timeUs, this.#legacy)
      : v2Text(event, this.seq, this.timeUs);
  }

  /** The message as a text frame, encoded once. */
  frame(protocol: "v1" | "v2"): Uint8Array | null {
    const known = this.#frames[protocol];
    if (known !== null) return known;
    const text = this.text(protocol);
    return this.#frames[protocol] = text === null ? null : encodeFrame(OPCODE.text, text);
  }

  /** Whether it goes to a connection with this filter: collections narrow commits only. */
  matches({ collections, dids }: EventFilter): boolean {
    if (typeof this.#event === "string") return true;
    const { did, kind, commit } = this.#event;
    if (dids.size > 0 && !dids.has(did)) return false;
    if (kind !== "commit" || commit === undefined || collections.length === 0) return true;
    return collections.some((wanted) =>
      wanted.endsWith(".*")
        ? commit.collection.startsWith(wanted.slice(0, -1))
        : commit.collection === wanted
    );
  }
}

function v1Text(
  event: JetstreamEvent,
  seq: number,
  timeUs: number,
  legacy: boolean,
): string | null {
  const { did, kind, commit, identity, account } = event;
  if (kind === "sync") return null;
  const cursor = legacy ? undefined : seq;
  return JSON.stringify({ did, time_us: timeUs, cursor, kind, commit, identity, account });
}

function v2Text(event: JetstreamEvent, seq: number, timeUs: number): string {
  const { did, kind, commit, identity, account, sync } = event;
  const time = microTime(timeUs);
  const head = { $type: `${V2}#${kind}`, seq, did, time };
  const payload = { ...head, ...commit, identity, account, sync };
  return JSON.stringify({ $type: "message", payload });
}

/** RFC 3339 with six fractional digits, always. */
function microTime(timeUs: number): string {
  const micros = String(timeUs % 1000).padStart(3, "0");
  return new Date(Math.floor(timeUs / 1000)).toISOString().replace("Z", `${micros}Z`);
}
