/**
 * A process that plays a stream to every client, from the requested cursor. It ignores the filter,
 * so that a benchmark can send a client only messages that the client does not want.
 */

import {
  concat,
  encodeFrame,
  OPCODE,
  type Peer,
  WebSocketServer,
} from "../tests/support/jetstream/websocket_server.ts";
import { printLine } from "../tests/support/task.ts";
import { MixedStream } from "./mixed.ts";
import { foreignMessage, numberAt, SampleStream } from "./sample.ts";

/** What to play. */
export interface Play {
  readonly kind: "sample" | "mixed" | "foreign";
  /** Number of the first event, and how many follow. */
  readonly from: number;
  readonly count: number;
  /** Messages a second; as many as the socket takes when left out. */
  readonly perSecond?: number;
}

/** Messages that are encoded and sent together. */
const BLOCK = 200;

/** Streams up to here are encoded before anybody connects, and kept. */
const KEPT = 1_000_000;

/** How often a slow stream sends what is due, milliseconds. */
const PACE_MS = 1;

class Player {
  readonly #play: Play;
  readonly #message: (index: number) => string;
  readonly #blocks: Uint8Array[] = [];

  constructor(play: Play) {
    this.#play = play;
    this.#message = messagesOf(play);
    if (play.count > KEPT) return;
    for (let at = 0; at < play.count; at += BLOCK) {
      this.#blocks.push(this.#encode(at, Math.min(at + BLOCK, play.count)));
    }
  }

  async serve(peer: Peer): Promise<void> {
    await peer.accept();
    const { from, count, perSecond } = this.#play;
    const cursor = peer.request.query.get("cursor");
    const begin = cursor === null ? 0 : Math.max(0, numberAt(Number(cursor)) - from);
    if (perSecond === undefined) await this.#pour(peer, begin, count);
    else await this.#pace(peer, begin, count, perSecond);
  }

  async #pour(peer: Peer, begin: number, count: number): Promise<void> {
    for (let at = begin; at < count && !peer.isGone;) {
      const end = Math.min(count, at - at % BLOCK + BLOCK);
      const kept = at % BLOCK === 0 ? this.#blocks[at / BLOCK] : undefined;
      await peer.raw(kept ?? this.#encode(at, end));
      at = end;
    }
  }

  async #pace(peer: Peer, begin: number, count: number, perSecond: number): Promise<void> {
    const startedAt = performance.now();
    for (let at = begin; at < count && !peer.isGone;) {
      const due = begin + Math.floor((performance.now() - startedAt) * perSecond / 1000);
      const end = Math.min(count, due);
      if (end > at) await peer.raw(this.#encode(at, end));
      at = Math.max(at, end);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  #encode(begin: number, end: number): Uint8Array {
    const frames: Uint8Array[] = [];
    for (let at = begin; at < end; at++) {
      frames.push(encodeFrame(OPCODE.text, this.#message(this.#play.from + at)));
    }
    return concat(frames);
  }
}

function messagesOf({ kind, from }: Play): (index: number) => string {
  if (kind === "foreign") return foreignMessage;
  const stream = kind === "sample" ? new SampleStream(from) : new MixedStream(from);
  return (index) => stream.message(index);
}

if (import.meta.main) {
  const player = new Player(JSON.parse(Deno.args[0] ?? "{}"));
  const server = new WebSocketServer((peer) => player.serve(peer), { noDelay: true });
  printLine(JSON.stringify({ url: `${server.origin}/subscribe` }));
}
