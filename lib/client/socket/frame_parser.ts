import { type Control, FrameError, OPCODE, readControl } from "./control_frame.ts";
import { messageOf } from "./message_payload.ts";

/** Whether the text message from `start` to `end` can be skipped. */
export type Skip = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Messages that were skipped. */
export interface Skipped {
  readonly count: number;
  /** Their size. */
  readonly bytes: number;
  /** The last one. Valid until the next read. */
  readonly last: Uint8Array;
}

/** Size of the buffer between large messages: some hundred usual messages per read. */
const BUFFER_BYTES = 64 * 1024;

/** Minimum size of a read, or small reads would cost more than moving the rest. */
const MIN_ROOM_BYTES = 4 * 1024;

/**
 * Limit for a skipped message. All of it counts as activity, so an endless one would hold the connection
 * forever; closing it lets the next server be tried.
 */
const MAX_SKIPPED_BYTES = 256 * 1024 * 1024;

/**
 * Splits the bytes of a socket into WebSocket messages.
 *
 * Bytes are read into `room()` and counted with `filled()`; then `next()` returns one message after the other
 * until it needs more bytes. It can stop between any two messages, so the reader can pause right after the
 * message that filled the queue.
 *
 * Memory depends on the bytes received, not on the length that a frame declares. A message above the limit is
 * skipped and reported: closing the connection would fail at the same message each time. Only an extremely
 * long one ends the connection.
 */
export class FrameParser {
  readonly #maxMessageBytes: number;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;
  /** The first frame: first byte, header length, payload length. */
  #first = 0;
  #headerBytes = 0;
  #payloadBytes = 0;
  /** A fragmented message in progress: its type, and its parts so far. */
  #partsOpcode: number | null = null;
  #parts = new Uint8Array(0);
  #partsBytes = 0;
  /** Bytes so far of a fragmented message that is too large; null when there is none. */
  #tooLarge: number | null = null;
  /** Remaining payload of a too large message in the current frame. */
  #bytesToSkip = 0;
  /** Messages skipped since the last `takeSkipped`, their bytes, and the position of the last one. */
  #skipped = 0;
  #skippedBytes = 0;
  #lastStart = 0;
  #lastEnd = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Where to read the next bytes to; never empty. Valid until the next call of any method. */
  room(): Uint8Array {
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
      if (this.#buffer.length > BUFFER_BYTES) this.#buffer = new Uint8Array(BUFFER_BYTES);
    }
    if (this.#start > 0 && this.#buffer.length - this.#end < MIN_ROOM_BYTES) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.length) {
      // Full with one incomplete frame, so its header is known.
      const frameBytes = this.#headerBytes + this.#payloadBytes;
      this.#buffer = enlarged(this.#buffer, Math.min(frameBytes, this.#buffer.length * 2));
    }
    return this.#buffer.subarray(this.#end);
  }

  /** Reports that `count` bytes were read into `room()`. */
  filled(count: number): void {
    this.#end += count;
  }

  /**
   * The next message, or null when more bytes are needed. Text that is not UTF-8 is returned as bytes, so
   * that the decoder rejects that message instead of the connection.
   *
   * `skip` is called for every text message in a single frame, before it is decoded.
   *
   * @throws {FrameError} when the server violates the protocol
   */
  next(skip: Skip | null = null): string | Uint8Array | Control | null {
    for (;;) {
      if (this.#bytesToSkip > 0 && !this.#skipRest()) return null;
      if (!this.#readHeader()) return null;
      const opcode = this.#first & 0x0f;
      const final = (this.#first & 0x80) !== 0;
      if (opcode < 8) {
        this.#checkSequence(opcode);
        if (
          this.#tooLarge !== null || this.#partsBytes + this.#payloadBytes > this.#maxMessageBytes
        ) {
          const report = this.#beginSkip(opcode, final);
          if (report !== null) return report;
          continue;
        }
      } else if (!final || this.#payloadBytes > 125) {
        throw new FrameError("got a control frame that is fragmented or longer than 125 bytes");
      }
      const payloadStart = this.#start + this.#headerBytes;
      const payloadEnd = payloadStart + this.#payloadBytes;
      if (payloadEnd > this.#end) return null;
      this.#start = payloadEnd;
      const isWhole = opcode === OPCODE.text && final;
      if (isWhole && skip !== null && skip(this.#buffer, payloadStart, payloadEnd)) {
        this.#noteSkipped(payloadStart, payloadEnd);
        continue;
      }
      const payload = this.#buffer.subarray(payloadStart, payloadEnd);
      if (opcode >= 8) return readControl(opcode, payload);
      if (final && this.#partsOpcode === null) return messageOf(opcode, payload);
      this.#addPart(opcode, payload);
      if (final) return this.#joinParts();
    }
  }

  /** Whether a message or a frame has begun that is not complete. */
  get isMidMessage(): boolean {
    return this.#start < this.#end || this.#partsOpcode !== null || this.#bytesToSkip > 0;
  }

  /** What was skipped since the last call; null when nothing was. Call it before the next read. */
  takeSkipped(): Skipped | null {
    if (this.#skipped === 0) return null;
    const last = this.#buffer.subarray(this.#lastStart, this.#lastEnd);
    const skipped = { count: this.#skipped, bytes: this.#skippedBytes, last };
    this.#skipped = this.#skippedBytes = 0;
    return skipped;
  }

  #noteSkipped(start: number, end: number): void {
    this.#skipped++;
    this.#skippedBytes += end - start;
    this.#lastStart = start;
    this.#lastEnd = end;
  }

  /** Whether the header of the first frame is complete. */
  #readHeader(): boolean {
    const available = this.#end - this.#start;
    if (available < 2) return false;
    this.#first = this.#byte(0);
    const second = this.#byte(1);
    if ((this.#first & 0x70) !== 0) throw new FrameError("got a frame with reserved bits");
    if ((second & 0x80) !== 0) throw new FrameError("got a masked frame from a server");
    const short = second & 0x7f;
    this.#headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (available < this.#headerBytes) return false;
    this.#payloadBytes = short < 126
      ? short
      : short === 126
      ? this.#byte(2) * 256 + this.#byte(3)
      : this.#longLength();
    return true;
  }

  #byte(offset: number): number {
    return this.#buffer[this.#start + offset] ?? 0;
  }

  #longLength(): number {
    const length = new DataView(this.#buffer.buffer, this.#start + 2, 8).getBigUint64(0);
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new FrameError(`got a frame of ${length} bytes, expected at most 2^53`);
    }
    return Number(length);
  }

  #checkSequence(opcode: number): void {
    if (opcode > OPCODE.binary) throw new FrameError(`got a frame of unknown type ${opcode}`);
    if ((opcode === OPCODE.continuation) !== (this.#partsOpcode !== null)) {
      throw new FrameError("got the fragments of a message out of sequence");
    }
  }

  /** Begins to skip a data frame that makes its message too large; reports after the last frame. */
  #beginSkip(opcode: number, final: boolean): Control | null {
    const bytes = (this.#tooLarge ?? this.#partsBytes) + this.#payloadBytes;
    if (bytes > MAX_SKIPPED_BYTES) {
      throw new FrameError(`got a message of more than ${MAX_SKIPPED_BYTES} bytes`);
    }
    this.#start += this.#headerBytes;
    this.#bytesToSkip = this.#payloadBytes;
    this.#parts = new Uint8Array(0);
    this.#partsBytes = 0;
    this.#partsOpcode = final ? null : this.#partsOpcode ?? opcode;
    this.#tooLarge = final ? null : bytes;
    return final ? { kind: "too_large", bytes } : null;
  }

  /** Whether the skipped frame has arrived completely. */
  #skipRest(): boolean {
    const skipped = Math.min(this.#bytesToSkip, this.#end - this.#start);
    this.#start += skipped;
    this.#bytesToSkip -= skipped;
    return this.#bytesToSkip === 0;
  }

  #addPart(opcode: number, payload: Uint8Array): void {
    this.#partsOpcode ??= opcode;
    const bytes = this.#partsBytes + payload.length;
    if (bytes > this.#parts.length) this.#parts = enlarged(this.#parts, bytes * 2);
    this.#parts.set(payload, this.#partsBytes);
    this.#partsBytes = bytes;
  }

  #joinParts(): string | Uint8Array {
    const joined = messageOf(
      this.#partsOpcode ?? OPCODE.binary,
      this.#parts.subarray(0, this.#partsBytes),
    );
    this.#parts = new Uint8Array(0);
    this.#partsBytes = 0;
    this.#partsOpcode = null;
    return joined;
  }
}

function enlarged(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}
