import type { Position } from "../../../lib/decoder/event.ts";
import type { Endpoint } from "../../../lib/client/endpoint.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { follow } from "../../../lib/client/live/follow.ts";
import type { FollowOptions } from "../../../lib/client/live/follow_options.ts";
import type { Ending, Notice } from "../../../lib/client/live/stream_observer.ts";
import type { Flow } from "../../../lib/client/pause.ts";
import type { Message, MessageResult } from "../../../lib/client/live/message_result.ts";
import { within, type WithinOptions } from "../within.ts";

/** A flow that never pauses. */
export const OPEN: Flow = { paused: false, whenOpen: () => Promise.resolve() };

/** The position of a plain message of v1 or v2, as the decoder reads it. */
export function positionOf(message: Message): Position | null {
  if (typeof message !== "string") return null;
  const value = JSON.parse(message);
  if (value.$type === "message") {
    const { seq, time } = value.payload;
    const micros = Date.parse(time) * 1000 + Number(time.slice(-4, -1));
    return { cursor: seq, timeUs: micros };
  }
  if (typeof value.time_us !== "number") return null;
  return { cursor: value.cursor ?? value.time_us, timeUs: value.time_us };
}

/** The client at work in a test, with all that it received and reported. */
export class Followed implements AsyncDisposable {
  readonly messages: Message[] = [];
  readonly sources: string[] = [];
  readonly notices: Notice[] = [];
  readonly endings: Ending[] = [];
  readonly connections: { source: string; cursor: string | null; failures: number }[] = [];
  readonly failures: { failures: number; retryInMs: number; error: Error }[] = [];
  readonly alerts: number[] = [];
  /** Settles as `follow` does. */
  readonly done: Promise<void>;
  readonly #abort = new AbortController();
  readonly #waiters: { readonly met: () => boolean; readonly resolve: () => void }[] = [];

  constructor(urls: readonly string[], options: Partial<FollowOptions> = {}) {
    const receive = options.receive ?? positionOf;
    this.done = follow({
      endpoints: urls.map(parseEndpoint),
      filter: { collections: ["app.subcult.*"], dids: [] },
      compress: false,
      resumePoint: () => null,
      flow: OPEN,
      reconnect: { baseMs: 1, maxMs: 4, alertAttempts: 0, maxAttempts: 0 },
      idleTimeoutMs: 90_000,
      signal: this.#abort.signal,
      observer: {
        connected: ({ endpoint, cursor, failures }) => {
          this.connections.push({ source: endpoint.source, cursor, failures });
          this.#check();
        },
        disconnected: ({ ending }) => {
          this.endings.push(ending);
          this.#check();
        },
        attemptFailed: ({ failures, retryInMs, error, alerting }) => {
          this.failures.push({ failures, retryInMs, error });
          if (alerting) this.alerts.push(failures);
          this.#check();
        },
        notice: (notice) => {
          this.notices.push(notice);
          this.#check();
        },
      },
      ...options,
      receive: (message: Message, endpoint: Endpoint): MessageResult => {
        const heard = receive(message, endpoint);
        this.messages.push(message);
        this.sources.push(endpoint.source);
        this.#check();
        return heard;
      },
    });
    // If the test has failed already, this failure must not be reported too.
    this.done.catch(() => {});
  }

  /** Codes of the notices so far. */
  get codes(): string[] {
    return this.notices.map(({ code }) => code);
  }

  /** Sequence numbers of the v1 messages so far. */
  get seqs(): number[] {
    return this.messages.map((message) => positionOf(message)?.cursor ?? -1);
  }

  /** The same of those that could be decoded. */
  get seqsDecoded(): number[] {
    return this.messages.flatMap((message) => {
      try {
        return positionOf(message)?.cursor ?? [];
      } catch {
        return [];
      }
    });
  }

  /** Resolves when `met` holds; rejects when the client ends before, or when that takes too long. */
  async until(
    met: (this_: Followed) => boolean,
    what = String(met),
    options: WithinOptions = {},
  ): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      this.#waiters.push({ met: () => met(this), resolve });
      this.#check();
    });
    const ended = this.done.then(() => {
      throw new Error("the client ended before");
    });
    await within(Promise.race([reached, ended]), what, { state: () => this.#state, ...options });
  }

  /** Resolves when `count` messages arrived. */
  received(count: number, options: WithinOptions = {}): Promise<void> {
    return this.until(() => this.messages.length >= count, `${count} messages`, options);
  }

  abort(): void {
    this.#abort.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await within(this.done.catch(() => {}), "the end of the client after its abort", {
      state: () => this.#state,
    });
  }

  get #state(): string {
    const { connections, messages, endings, failures } = this;
    const notices = this.codes.join(", ") || "none";
    return `${connections.length} connections, ${messages.length} messages, ${endings.length} endings, ` +
      `${failures.length} failures, notices: ${notices}`;
  }

  #check(): void {
    for (const { met, resolve } of this.#waiters) if (met()) resolve();
  }
}

/** A v1 message with a sequence number. */
export function v1Message(seq: number, timeUs = 1_787_218_201_000_000 + seq): string {
  return JSON.stringify({
    did: "did:plc:tidetablesexample234567a",
    time_us: timeUs,
    cursor: seq,
    kind: "commit",
    commit: {
      rev: `3mwztfqk2${seq}`,
      operation: "create",
      collection: "app.subcult.scene",
      rkey: `scene${seq}`,
      record: { $type: "app.subcult.scene", name: `Scene ${seq}` },
    },
  });
}
