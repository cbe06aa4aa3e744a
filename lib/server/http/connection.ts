/** One connection: reads a request, sends the answer, closes. */

import { writeAll } from "../../byte_stream.ts";
import { answerBytes } from "./answer_bytes.ts";
import { errorAnswer, HttpError } from "./http_error.ts";
import type { ConnectionState, Occupant } from "./eviction.ts";
import { RequestReader, type RequestSize } from "./request_reader.ts";
import { secure } from "./security_headers.ts";

export interface ConnectionOptions extends RequestSize {
  /** Answers a request. Never rejects. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Maximum duration of a connection, from beginning to end. */
  readonly lifetimeMs: number;
}

/** Closing at once would discard the part of the answer that the client has not read. */
const LINGER_MS = 1_000;

/** Data that a client sends after its answer is read and dropped, up to this. */
const LINGER_BYTES = 65_536;

export class Connection implements Occupant {
  /** The client's network. */
  readonly client: string;
  /** Resolves when it is closed. Never rejects. */
  readonly finished: Promise<void>;
  readonly since = performance.now();
  readonly #connection: Deno.TcpConn;
  readonly #options: ConnectionOptions;
  #state: ConnectionState = "receiving";
  #cut = false;
  #timer: ReturnType<typeof setTimeout>;
  #endsAt: number;

  constructor(connection: Deno.TcpConn, options: ConnectionOptions) {
    this.#connection = connection;
    this.#options = options;
    this.client = clientOf(connection.remoteAddr.hostname);
    this.#endsAt = this.since + options.lifetimeMs;
    this.#timer = setTimeout(() => this.cut(), options.lifetimeMs);
    this.finished = this.#run();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether it was asked to close, even if the operating system is not done. */
  get isCut(): boolean {
    return this.#cut;
  }

  /** Shortens its remaining time. */
  endWithin(ms: number): void {
    const endsAt = performance.now() + ms;
    if (this.#cut || endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), ms);
  }

  /** Closes it now. */
  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    clearTimeout(this.#timer);
    try {
      this.#connection.close();
    } catch {
      // The client closed it at the same moment.
    }
  }

  async #run(): Promise<void> {
    try {
      this.#connection.setNoDelay(true);
      const answer = await this.#answer();
      if (answer === null) return;
      this.#state = "sending";
      await writeAll(this.#connection, answer);
      this.#state = "leaving";
      await this.#leave();
    } catch {
      // The client disconnected, or the time was over.
    } finally {
      this.cut();
    }
  }

  /** Null: the client left without a request. */
  async #answer(): Promise<Uint8Array | null> {
    try {
      const request = await new RequestReader(this.#connection, this.#options).request();
      this.#state = "answering";
      if (request === null || this.#cut) return null;
      return await answerBytes(await this.#options.fetch(request), request.method === "HEAD");
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return await answerBytes(secure(errorAnswer(error)), false);
    }
  }

  async #leave(): Promise<void> {
    this.endWithin(LINGER_MS);
    await this.#connection.closeWrite();
    const buffer = new Uint8Array(4_096);
    for (let left = LINGER_BYTES; left > 0;) {
      const size = await this.#connection.read(buffer);
      if (size === null) return;
      left -= size;
    }
  }
}

/** The address; for IPv6 its /64 network, which usually belongs to one client. */
export function clientOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [start = "", end] = address.split("::");
  const [before, after] = [start, end ?? ""].map((part) => part === "" ? [] : part.split(":"));
  const omitted = end === undefined ? 0 : 8 - before!.length - after!.length;
  return [...before!, ...Array(omitted).fill("0"), ...after!].slice(0, 4).join(":");
}
