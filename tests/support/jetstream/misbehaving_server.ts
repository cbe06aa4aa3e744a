/**
 * A Jetstream, or a relay, that misbehaves on request: crashes and restarts its numbering, is two replicas, ignores a cursor,
 * lets live events overtake a replay, changes its clock, closes at once. All without notice, as real ones do.
 */

import { seededRandom } from "../seeded_random.ts";
import { firehoseEvent } from "./firehose_event.ts";
import { type JetstreamEvent, StoredEvent } from "./stored_event.ts";
import { type Peer, WebSocketServer } from "./websocket_server.ts";

/** How the server numbers and writes. `legacy`: v1 that numbers by time. `firehose`: a relay. */
export type Wire = "v1" | "v2" | "legacy" | "firehose";

const PATHS: Readonly<Record<Wire, string>> = {
  v1: "/subscribe",
  v2: "/xrpc/network.bsky.jetstream.subscribeEvents",
  legacy: "/subscribe",
  firehose: "/xrpc/com.atproto.sync.subscribeRepos",
};

/** A crash loses what was seen within this time: what is flushed later. */
const FLUSH_US = 30_000_000;

interface Row {
  readonly event: JetstreamEvent;
  readonly stored: StoredEvent;
}

/** One numbering: its log, and the error of its clock. */
class Replica {
  readonly log: Row[] = [];
  readonly #times = new Set<number>();
  nextSeq: number;

  constructor(firstSeq: number) {
    this.nextSeq = firstSeq;
  }

  see(event: JetstreamEvent, timeUs: number, wire: Wire): void {
    const last = this.log.at(-1)?.stored.timeUs ?? 0;
    // One that numbers by time gives each another one, in any order; on others no time is before the last one.
    let at = wire === "legacy" ? timeUs : Math.max(last, timeUs);
    while (wire === "legacy" && this.#times.has(at)) at++;
    this.#times.add(at);
    const stored = new StoredEvent(event, this.nextSeq++, at, wire === "legacy");
    this.log.push({ event, stored });
  }
}

export class MisbehavingServer implements AsyncDisposable {
  readonly #server: WebSocketServer;
  readonly #random: () => number;
  readonly #wire: Wire;
  readonly #nowUs: () => number;
  readonly #replicas: Replica[] = [new Replica(1)];
  readonly #live = new Map<Peer, Replica>();
  /** The error of its clock, microseconds. */
  clockUs = 0;
  /** The fault of the next connection, once. */
  next: "ignores" | "closes" | null = null;
  /** Whether live events are sent before a replay. */
  overtakes = false;
  /** How often each fault took place. */
  readonly fired = new Map<string, number>();

  constructor(wire: Wire, seed: number, nowUs: () => number) {
    this.#wire = wire;
    this.#random = seededRandom(seed);
    this.#nowUs = nowUs;
    this.#server = new WebSocketServer((peer) => this.#serve(peer), {});
  }

  get url(): string {
    return this.#server.origin + PATHS[this.#wire];
  }

  /** Open connections. */
  get connected(): number {
    return [...this.#live.keys()].filter((peer) => !peer.isGone).length;
  }

  /** All that any replica has. */
  get held(): readonly JetstreamEvent[] {
    return this.#replicas.flatMap(({ log }) => log.map(({ event }) => event));
  }

  async push(event: JetstreamEvent): Promise<void> {
    const timeUs = this.#nowUs() + this.clockUs;
    for (const [n, replica] of this.#replicas.entries()) {
      replica.see(event, timeUs + n * 7, this.#wire);
      for (const [peer, source] of this.#live) {
        if (source === replica) await this.#send(peer, replica.log.at(-1)!);
      }
    }
  }

  /** Loses unflushed events, and receives them again later, in another order, after new ones. */
  crash(fresh: JetstreamEvent): void {
    this.dropAll();
    const replica = this.#replicas[0]!;
    const flushedUs = this.#nowUs() + this.clockUs - FLUSH_US;
    const from = replica.log.findIndex(({ stored }) => stored.timeUs > flushedUs);
    const lost = from < 0 ? [] : replica.log.splice(from);
    replica.nextSeq -= lost.length;
    const seen = this.#shuffled(lost.map(({ event }) => event));
    // Of its own account it stays the last.
    const isFirst = lost.every(({ event }) => event.did !== fresh.did);
    const again = isFirst ? [fresh, ...seen] : [...seen, fresh];
    for (const event of again) replica.see(event, this.#nowUs() + this.clockUs, this.#wire);
    for (const other of this.#replicas.slice(1)) other.see(fresh, this.#nowUs() + 7, this.#wire);
    if (lost.length > 0) this.#count("renumbers");
  }

  /** Adds a second replica under the same name, with another numbering and clock. */
  replicate(): void {
    if (this.#replicas.length > 1) return;
    const second = new Replica(1 + Math.floor(this.#random() * 40));
    const { log } = this.#replicas[0]!;
    for (const [at, event] of this.#seenElsewhere(log).entries()) {
      second.see(event, log[at]!.stored.timeUs + 7, this.#wire);
    }
    this.#replicas.push(second);
  }

  dropAll(): void {
    for (const peer of this.#live.keys()) peer.drop();
    this.#live.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropAll();
    await this.#server.close();
  }

  async #serve(peer: Peer): Promise<void> {
    const { next } = this;
    this.next = null;
    await peer.accept();
    if (next === "closes") {
      this.#count("closes");
      return await peer.close(1001, "server shutting down");
    }
    const replica = this.#replicas[Math.floor(this.#random() * this.#replicas.length)]!;
    if (replica !== this.#replicas[0]) this.#count("replicas");
    const text = peer.request.query.get("cursor");
    const ignores = next === "ignores" && text !== null;
    if (ignores) this.#count("ignores");
    let at = ignores ? replica.log.length : this.#startOf(replica, text);
    if (this.overtakes && this.#wire === "legacy" && replica.log.length - at > 2) {
      // The newest comes first, and once more in its turn.
      this.#count("overtakes");
      await this.#send(peer, replica.log.at(-1)!);
    }
    // No wait between the last look at the log and being live.
    while (at < replica.log.length) await this.#send(peer, replica.log[at++]!);
    if (!peer.isGone) this.#live.set(peer, replica);
  }

  #startOf({ log, nextSeq }: Replica, text: string | null): number {
    if (text === null) return log.length;
    const cursor = Number(text);
    const byTime = cursor >= 1e15;
    if (byTime && cursor > this.#nowUs() + this.clockUs) return log.length;
    if (!byTime && cursor >= nextSeq) return log.length;
    // A relay begins behind the cursor, and takes no times.
    const least = this.#wire === "firehose" ? cursor + 1 : cursor;
    const at = log.findIndex(({ stored }) =>
      byTime ? stored.timeUs >= cursor : stored.seq >= least
    );
    return at < 0 ? log.length : at;
  }

  async #send(peer: Peer, { event, stored }: Row): Promise<void> {
    const message = this.#wire === "firehose"
      ? firehoseEvent(event, stored.seq, stored.timeUs)
      : stored.text(this.#wire === "v2" ? "v2" : "v1");
    if (message !== null && !peer.isGone) await peer.send(message);
  }

  #count(fault: string): void {
    this.fired.set(fault, (this.fired.get(fault) ?? 0) + 1);
  }

  /** In another order, but for the events of one account: servers work on accounts in parallel. */
  #shuffled(events: readonly JetstreamEvent[]): JetstreamEvent[] {
    const keys = events.map(() => this.#random());
    return inOrderOf(events.map((event, at) => ({ event, key: keys[at]! })));
  }

  /** In the order of another server, which sees each event up to three seconds later than the first. */
  #seenElsewhere(log: readonly Row[]): JetstreamEvent[] {
    const late = log.map(({ event, stored }) => ({
      event,
      key: stored.timeUs + this.#random() * 3_000_000,
    }));
    return inOrderOf(late);
  }
}

interface Keyed {
  readonly event: JetstreamEvent;
  readonly key: number;
}

/** By the keys; the places of one account are taken by its events in the order that they had. */
function inOrderOf(keyed: readonly Keyed[]): JetstreamEvent[] {
  const waiting = Map.groupBy(keyed, ({ event }) => event.did);
  return keyed.toSorted((a, b) => a.key - b.key)
    .map(({ event: { did } }) => waiting.get(did)!.shift()!.event);
}
