import { within, type WithinOptions } from "../within.ts";
import { type Peer, WebSocketServer } from "./websocket_server.ts";

/** What the server does with one connection. After it, the connection stays until the client leaves. */
export type Script = (peer: Peer) => Promise<void>;

export interface ScriptedOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
}

/**
 * A server that plays one script for each connection, in order; the last one is played for all that
 * follow. `peers` has every connection with its query and headers.
 */
export class ScriptedServer implements AsyncDisposable {
  readonly #server: WebSocketServer;
  readonly #waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(scripts: readonly Script[], { tls }: ScriptedOptions = {}) {
    let next = 0;
    this.#server = new WebSocketServer(async (peer) => {
      const script = scripts[Math.min(next++, scripts.length - 1)];
      this.#settleWaiters();
      await script?.(peer);
    }, tls === undefined ? {} : { tls });
  }

  get peers(): readonly Peer[] {
    return this.#server.peers;
  }

  /** Address of a stream on this server. */
  url(path = "/subscribe"): string {
    return this.#server.origin + path;
  }

  /** The `index`-th connection, as soon as it is made. */
  async peer(index: number): Promise<Peer> {
    await this.connections(index + 1);
    const peer = this.peers[index];
    if (peer === undefined) throw new Error(`no connection ${index}`);
    return peer;
  }

  /** Resolves when so many connections were made. */
  connections(count: number, options: WithinOptions = {}): Promise<void> {
    const made = new Promise<void>((resolve) => {
      this.#waiters.push({ count, resolve });
      this.#settleWaiters();
    });
    const state = (): string => `${this.peers.length} came`;
    return within(made, `${count} connections`, { state, ...options });
  }

  dropAll(): void {
    this.#server.dropAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }

  #settleWaiters(): void {
    for (const { count, resolve } of this.#waiters) if (this.peers.length >= count) resolve();
  }
}

/** Accepts, sends, and keeps the connection open. */
export function sends(...messages: readonly (string | Uint8Array)[]): Script {
  return async (peer) => {
    await peer.accept();
    for (const message of messages) await peer.send(message);
  };
}

/** Accepts, sends, and closes with a code. */
export function sendsAndCloses(
  messages: readonly (string | Uint8Array)[],
  code = 1001,
  reason = "server shutting down",
): Script {
  return async (peer) => {
    await sends(...messages)(peer);
    await peer.close(code, reason);
  };
}

/** Accepts, sends, and drops the connection without a close frame. */
export function sendsAndDrops(...messages: readonly (string | Uint8Array)[]): Script {
  return async (peer) => {
    await sends(...messages)(peer);
    peer.drop();
  };
}

/** Refuses the handshake with the JSON error of an XRPC server. */
export function refuses(status: number, error: string, message = ""): Script {
  return (peer) =>
    peer.refuse(status, JSON.stringify({ error, message }), { "Content-Type": "application/json" });
}

/** Refuses the handshake with plain text, as v1 does. */
export function refusesInText(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Script {
  return (peer) => peer.refuse(status, text, { "Content-Type": "text/plain", ...headers });
}
