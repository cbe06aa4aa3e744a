/**
 * The frames of the Postgres wire protocol, as far as a server needs them that passes them to one backend:
 * where a unit of work ends, and the few messages that the server writes itself.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** The bytes of one client that the backend must run without another client's messages in between. */
export interface Unit {
  readonly bytes: Uint8Array;
  /** Whether it ends with Query, FunctionCall or Sync: the backend then answers ReadyForQuery. */
  readonly complete: boolean;
}

/** A client that violates the protocol. Nothing of what it sent reaches the backend. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

const encoder = new TextEncoder();
const code = (letter: string): number => letter.charCodeAt(0);

const QUERY = code("Q");
const SYNC = code("S");
const FUNCTION_CALL = code("F");
const FLUSH = code("H");
const TERMINATE = code("X");
const PASSWORD = code("p");
const READY = code("Z");

/** All other types that a client may send; the backend would terminate on any other type. */
const CONTINUED: ReadonlySet<number> = new Set([..."PBEDCdcf"].map(code));

/** As in Postgres: a longer packet is not a startup packet. */
const MAX_STARTUP_BYTES = 10_000;
const READ_BYTES = 64 * 1024;

interface Source {
  read(into: Uint8Array): Promise<number | null>;
}

/** Splits the bytes of one client into units. */
export class UnitReader {
  readonly #source: Source;
  readonly #maxBytes: number;
  #buffer = new Uint8Array(READ_BYTES);
  #start = 0;
  #end = 0;

  /** `maxBytes`: size limit of one unit. */
  constructor(source: Source, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  /** The body of the next startup packet, or null at the end of the connection. */
  async startup(): Promise<Uint8Array | null> {
    if (!(await this.#atLeast(4))) return null;
    const length = this.#view().getUint32(0);
    if (length < 8 || length > MAX_STARTUP_BYTES) {
      throw new ProtocolError(`invalid length of startup packet: ${length}`);
    }
    if (!(await this.#atLeast(length))) return null;
    return this.#take(length).subarray(4);
  }

  /** The password message, or null at the end of the connection. */
  async password(): Promise<string | null> {
    if (!(await this.#atLeast(5))) return null;
    const length = this.#view().getUint32(1);
    if (this.#buffer[this.#start] !== PASSWORD || length < 5 || length > MAX_STARTUP_BYTES) {
      throw new ProtocolError("expected a password message");
    }
    if (!(await this.#atLeast(1 + length))) return null;
    return new TextDecoder().decode(this.#take(1 + length).subarray(5, length));
  }

  /** The next unit, or null when the client ended the connection or lost it. */
  async unit(): Promise<Unit | null> {
    let scanned = 0;
    while (await this.#atLeast(scanned + 5)) {
      const type = this.#buffer[this.#start + scanned] ?? 0;
      const size = 1 + this.#view().getUint32(scanned + 1);
      if (type === TERMINATE) return null;
      const ends = type === QUERY || type === SYNC || type === FUNCTION_CALL;
      if (size < 5 || !(ends || type === FLUSH || CONTINUED.has(type))) {
        throw new ProtocolError(`invalid frontend message type ${type}`);
      }
      scanned += size;
      if (scanned > this.#maxBytes) {
        throw new ProtocolError(
          `message of ${scanned} bytes, at most ${this.#maxBytes} are accepted`,
        );
      }
      if (!(await this.#atLeast(scanned))) return null;
      if (ends || type === FLUSH) return { bytes: this.#take(scanned), complete: ends };
    }
    return null;
  }

  #view(): DataView {
    return new DataView(this.#buffer.buffer, this.#start, this.#end - this.#start);
  }

  #take(bytes: number): Uint8Array {
    const taken = this.#buffer.slice(this.#start, this.#start + bytes);
    this.#start += bytes;
    return taken;
  }

  async #atLeast(bytes: number): Promise<boolean> {
    while (this.#end - this.#start < bytes) {
      this.#makeRoom(bytes);
      const read = await this.#source.read(this.#buffer.subarray(this.#end));
      if (read === null) return false;
      this.#end += read;
    }
    return true;
  }

  /** Moves the remaining bytes to the front, into a buffer that holds the whole message. */
  #makeRoom(bytes: number): void {
    if (this.#start + bytes <= this.#buffer.length) return;
    const left = this.#buffer.subarray(this.#start, this.#end);
    const buffer = new Uint8Array(bytes <= READ_BYTES ? READ_BYTES : bytes + READ_BYTES);
    buffer.set(left);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = left.length;
  }
}

/** The backend's answer to a unit, in the form for the client. */
export interface Answer {
  readonly bytes: Uint8Array;
  /** `I` idle, `T` in a transaction, `E` in a failed one; null without a ReadyForQuery. */
  readonly status: string | null;
}

/**
 * Keeps only the ReadyForQuery that ends a complete unit. After an error in the middle the backend sends
 * another, where the protocol has none before Sync: a pipelining client would match the next answer to the
 * wrong query.
 */
export function answerOf(unit: Unit, bytes: Uint8Array): Answer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [];
  let ready: Uint8Array | null = null;
  let from = 0;
  let at = 0;
  while (at + 5 <= bytes.length) {
    const end = at + 1 + view.getUint32(at + 1);
    if (bytes[at] === READY) {
      ready = bytes.subarray(at, end);
      kept.push(bytes.subarray(from, at));
      from = end;
    }
    at = end;
  }
  kept.push(bytes.subarray(from));
  if (ready === null) return { bytes, status: null };
  if (unit.complete) kept.push(ready);
  return { bytes: concat(kept), status: String.fromCharCode(ready[5] ?? 0) };
}

/** Requests the password in clear text: it never leaves the machine. */
export const PASSWORD_REQUEST: Uint8Array = message("R", int32(3));

/** Ends what a client left unfinished: after an error the backend skips everything up to here. */
export const SYNC_UNIT: Unit = { bytes: message("S"), complete: true };

/** A simple query. */
export function queryUnit(sql: string): Unit {
  return { bytes: message("Q", text(sql)), complete: true };
}

/** An error that ends the connection. `sqlState` has five characters. */
export function fatalMessage(sqlState: string, words: string): Uint8Array {
  const fields = [["S", "FATAL"], ["V", "FATAL"], ["C", sqlState], ["M", words]];
  return message(
    "E",
    ...fields.flatMap(([field = "", value = ""]) => [encoder.encode(field), text(value)]),
    new Uint8Array(1),
  );
}

/** A startup packet of protocol 3.0. */
export function startupMessage(parameters: Readonly<Record<string, string>>): Uint8Array {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [text(name), text(value)]);
  const body = concat([int32(PROTOCOL_3), ...pairs, new Uint8Array(1)]);
  return concat([int32(body.length + 4), body]);
}

/** Codes at the start of a startup packet. */
export const PROTOCOL_3 = 3 << 16;
export const SSL_REQUEST = 80_877_103;
export const GSS_REQUEST = 80_877_104;

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function message(type: string, ...body: Uint8Array[]): Uint8Array {
  const length = 4 + body.reduce((sum, part) => sum + part.length, 0);
  return concat([encoder.encode(type), int32(length), ...body]);
}

function text(value: string): Uint8Array {
  return encoder.encode(`${value}\0`);
}

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}
