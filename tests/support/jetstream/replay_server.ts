import { concat, encodeFrame, OPCODE, type Peer, WebSocketServer } from "./websocket_server.ts";
import { type EventFilter, type JetstreamEvent, StoredEvent } from "./stored_event.ts";

export type { JetstreamEvent } from "./stored_event.ts";

/** How a server compresses, and what it hands out for it. */
export interface ServerZstd {
  readonly id: number;
  readonly dictionary: Uint8Array;
  /** Makes one frame of one message. */
  readonly compress: (text: string, protocol: "v1" | "v2") => Uint8Array;
}

export interface ReplayServerOptions {
  readonly port?: number;
  /** Sequence number of the first event. */
  readonly firstSeq?: number;
  /** An old v1 server: no sequence numbers, cursors are times. */
  readonly legacy?: boolean;
  /** Lookback switched off: every connection silently starts at the live tip. */
  readonly ignoreCursor?: boolean;
  /** Least sequence number that can still be replayed. */
  readonly floorSeq?: number;
  /** About how many events are kept; older ones can't be replayed any more. All when left out. */
  readonly keep?: number;
  /** Time between pings, milliseconds; 0 for none. */
  readonly pingMs?: number;
  /** Messages a second to each connection at most; as many as its socket takes when left out. */
  readonly maxPerSecond?: number;
  readonly zstd?: ServerZstd;
}

const V1_PATH = "/subscribe";
const V2_PATH = "/xrpc/network.bsky.jetstream.subscribeEvents";
const DICTIONARY_PATH = "/xrpc/network.bsky.jetstream.getZstdDictionary";

const TIME_CURSOR_FROM = 1e15;
const MAX_COLLECTIONS = 100;

/** Bytes of frames that are joined into one write. */
const BLOCK_BYTES = 256 * 1024;

/** A refusal of the request, with what the two protocols make of it. */
class BadRequest {
  readonly error: string;
  readonly message: string;

  constructor(error: string, message: string) {
    this.error = error;
    this.message = message;
  }
}

interface Subscription {
  readonly protocol: "v1" | "v2";
  readonly filter: EventFilter;
  /** Sequence number to begin at. */
  readonly start: number;
  readonly compressed: boolean;
}

/**
 * A Jetstream server that keeps all its events in memory: v1 at `/subscribe` and v2 at its XRPC path,
 * with cursors, filters, replay and live push over real sockets. A connection is sent no more than it
 * reads, and shares the encoded frames with all others, so a hundred thousand events go out as fast as
 * the socket drains.
 */
export class ReplayServer implements AsyncDisposable {
  readonly #options: ReplayServerOptions;
  readonly #server: WebSocketServer;
  #log: StoredEvent[] = [];
  /** Sequence number of the first event in the log. */
  #baseSeq: number;
  readonly #wakers = new Set<() => void>();
  readonly #pings: ReturnType<typeof setInterval> | null;
  #lastTimeUs = 0;
  /** While it is set, new connections are refused with 503, as when a server starts up. */
  unavailable = false;

  constructor(options: ReplayServerOptions = {}) {
    this.#options = options;
    const { port = 0, pingMs = 30_000, firstSeq = 1 } = options;
    this.#baseSeq = firstSeq;
    this.#server = new WebSocketServer((peer) => this.#serve(peer), { port });
    this.#pings = pingMs === 0 ? null : setInterval(() => this.#pingAll(), pingMs);
  }

  /** Address of the v1 stream. */
  get url(): string {
    return this.#server.origin + V1_PATH;
  }

  /** Address of the v2 stream. */
  get v2Url(): string {
    return this.#server.origin + V2_PATH;
  }

  get port(): number {
    return this.#server.port;
  }

  /** Every connection ever made, with its query and headers. */
  get peers(): readonly Peer[] {
    return this.#server.peers;
  }

  /** Open connections. */
  get connected(): number {
    return this.peers.filter((peer) => peer.isAccepted && !peer.isGone).length;
  }

  /** Sequence number that the next event gets. */
  get nextSeq(): number {
    return this.#baseSeq + this.#log.length;
  }

  /**
   * Adds events, and sends them to whoever is at the tip. A text is sent as it is, to everyone. Returns
   * the sequence number of the last one.
   */
  push(...events: readonly (JetstreamEvent | string)[]): number {
    for (const event of events) {
      const given = typeof event === "string" ? undefined : event.time_us;
      // Times never run backwards on a server.
      this.#lastTimeUs = Math.max(this.#lastTimeUs, given ?? Date.now() * 1000);
      const legacy = this.#options.legacy ?? false;
      this.#log.push(new StoredEvent(event, this.nextSeq, this.#lastTimeUs, legacy));
    }
    const { keep = Infinity } = this.#options;
    // Half as many again are let grow, so that few pushes move the list.
    if (this.#log.length > keep * 1.5) {
      const dropped = this.#log.length - keep;
      this.#log = this.#log.slice(dropped);
      this.#baseSeq += dropped;
    }
    for (const wake of this.#wakers) wake();
    return this.nextSeq - 1;
  }

  /** Pushes events at a pace, until they end or `signal` aborts. */
  async play(
    events: Iterable<JetstreamEvent | string>,
    { perSecond, signal }: { readonly perSecond: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const startedAt = performance.now();
    let pushed = 0;
    for (const event of events) {
      await delay(startedAt + (pushed * 1000) / perSecond - performance.now(), signal);
      if (signal.aborted) return;
      this.push(event);
      pushed++;
    }
  }

  /** Drops every connection without a close frame; continues to listen. */
  dropAll(): void {
    this.#server.dropAll();
  }

  /** Closes every connection with a close frame, like a restarting server; continues to listen. */
  async closeAll(code = 1001, reason = "server shutting down"): Promise<void> {
    await Promise.all(this.peers.filter((peer) => !peer.isGone).map((p) => p.close(code, reason)));
  }

  /** Drops everyone and stops listening. */
  async close(): Promise<void> {
    if (this.#pings !== null) clearInterval(this.#pings);
    await this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(peer: Peer): Promise<void> {
    const { path } = peer.request;
    if (path === DICTIONARY_PATH) return await this.#serveDictionary(peer);
    const protocol = path === V1_PATH ? "v1" : path === V2_PATH ? "v2" : null;
    if (protocol === null) return await peer.refuse(404, "not found");
    if (this.unavailable) {
      return protocol === "v1"
        ? await peer.refuse(503, "starting up", { "Content-Type": "text/plain; charset=utf-8" })
        : await refuseXrpc(peer, 503, "ServiceUnavailable", "starting up");
    }
    const subscription = this.#subscription(protocol, peer.request.query);
    if (subscription instanceof BadRequest) {
      const { error, message } = subscription;
      return protocol === "v1"
        ? await peer.refuse(400, message, { "Content-Type": "text/plain; charset=utf-8" })
        : await refuseXrpc(peer, 400, error, message);
    }
    if (peer.request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return await peer.refuse(426, "upgrade required");
    }
    const offered = peer.request.headers.get("sec-websocket-protocol")?.split(/, */) ?? [];
    const chosen = protocol === "v2" && offered.includes("xrpc.v1.json");
    await peer.accept(chosen ? { "Sec-WebSocket-Protocol": "xrpc.v1.json" } : {});
    if (protocol === "v2") peer.onData = () => void peer.close(1008, "server push only");
    await this.#stream(peer, subscription);
  }

  async #serveDictionary(peer: Peer): Promise<void> {
    const { zstd } = this.#options;
    if (zstd === undefined) {
      return await refuseXrpc(peer, 404, "DictionaryNotFound", "no dictionary");
    }
    await peer.refuse(200, zstd.dictionary, {
      "Content-Type": "application/octet-stream",
      "X-Zstd-Dictionary-Id": String(zstd.id),
    });
  }

  #subscription(protocol: "v1" | "v2", query: URLSearchParams): Subscription | BadRequest {
    const [collectionsName, didsName] = protocol === "v1"
      ? ["wantedCollections", "wantedDids"] as const
      : ["collections", "dids"] as const;
    const collections = query.getAll(collectionsName);
    if (new Set(collections).size > MAX_COLLECTIONS) {
      return new BadRequest("InvalidRequest", "too many collections");
    }
    const bad = collections.find((wanted) => !/^[a-zA-Z0-9.-]+(\.\*)?$/.test(wanted));
    if (bad !== undefined) return new BadRequest("InvalidRequest", "invalid collection");
    if (protocol === "v2" && (query.has("wantedCollections") || query.has("compress"))) {
      return new BadRequest("InvalidRequest", "that is a parameter of v1");
    }
    const dictionary = query.get("zstdDictionary");
    const { zstd } = this.#options;
    if (protocol === "v2" && dictionary !== null && dictionary !== String(zstd?.id)) {
      return new BadRequest("UnknownZstdDictionary", `the current dictionary is ${zstd?.id}`);
    }
    const start = this.#startOf(protocol, query.get("cursor") ?? "");
    if (start instanceof BadRequest) return start;
    const filter = { collections, dids: new Set(query.getAll(didsName)) };
    const wantsZstd = protocol === "v1" ? query.get("compress") === "true" : dictionary !== null;
    return { protocol, filter, start, compressed: wantsZstd && zstd !== undefined };
  }

  /** The start for a cursor, without any notice, as on a real server. */
  #startOf(protocol: "v1" | "v2", text: string): number | BadRequest {
    const { ignoreCursor = false, legacy = false } = this.#options;
    const tip = this.nextSeq;
    if (text === "") return tip;
    if (!/^\d+$/.test(text)) return new BadRequest("InvalidRequest", "invalid cursor");
    if (ignoreCursor) return tip;
    // 0 is treated as 1.
    const cursor = Math.max(1, Number(text));
    const floorSeq = Math.max(this.#options.floorSeq ?? 0, this.#baseSeq);
    if (cursor >= TIME_CURSOR_FROM || legacy) {
      if (cursor > Date.now() * 1000) return tip;
      const first = this.#log.find(({ timeUs }) => timeUs >= cursor);
      return first === undefined ? tip : Math.max(first.seq, floorSeq);
    }
    if (cursor >= tip) return tip;
    if (protocol === "v2" && cursor < floorSeq) {
      return new BadRequest("CursorTooOld", `the oldest seq is ${floorSeq}`);
    }
    return Math.max(cursor, floorSeq);
  }

  async #stream(peer: Peer, subscription: Subscription): Promise<void> {
    let wake = (): void => {};
    const onPush = (): void => wake();
    this.#wakers.add(onPush);
    void peer.gone.then(onPush);
    let at = subscription.start;
    while (!peer.isGone) {
      const block: Uint8Array[] = [];
      at = this.#fill(block, at, subscription);
      if (block.length > 0) {
        await peer.raw(concat(block));
        await this.#pace(block.length);
      } else if (at === this.nextSeq && !peer.isGone) {
        await new Promise<void>((resolve) => wake = resolve);
      }
    }
    this.#wakers.delete(onPush);
  }

  /** Collects frames from the log for one write, and returns the next sequence number. */
  #fill(block: Uint8Array[], from: number, subscription: Subscription): number {
    const { maxPerSecond = Infinity } = this.#options;
    const { protocol, filter, compressed } = subscription;
    let bytes = 0;
    let at = Math.max(from, this.#baseSeq);
    // A slow server sends one hundredth of a second's worth at a time.
    while (at < this.nextSeq && bytes < BLOCK_BYTES && block.length < maxPerSecond / 100) {
      const event = this.#log[at++ - this.#baseSeq];
      const frame = event?.matches(filter) ? this.#frame(event, protocol, compressed) : null;
      if (frame === null) continue;
      block.push(frame);
      bytes += frame.length;
    }
    return at;
  }

  #frame(event: StoredEvent, protocol: "v1" | "v2", compressed: boolean): Uint8Array | null {
    const text = compressed ? event.text(protocol) : null;
    const { zstd } = this.#options;
    if (text === null || zstd === undefined) return event.frame(protocol);
    return encodeFrame(OPCODE.binary, zstd.compress(text, protocol));
  }

  async #pace(sent: number): Promise<void> {
    const { maxPerSecond } = this.#options;
    if (maxPerSecond === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, (sent * 1000) / maxPerSecond));
  }

  #pingAll(): void {
    for (const peer of this.peers) if (peer.isAccepted && !peer.isGone) void peer.ping();
  }
}

async function refuseXrpc(
  peer: Peer,
  status: number,
  error: string,
  message: string,
): Promise<void> {
  await peer.refuse(status, JSON.stringify({ error, message }), {
    "Content-Type": "application/json",
  });
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
