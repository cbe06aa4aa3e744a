import { type Control, FrameError, OPCODE, readControl } from "./control_frame.ts";
import { messageOf } from "./message_payload.ts";

/** Whether the text message from `start` to `end` is one that need not be delivered. */
export type Skip = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Messages that were not delivered. */
export interface Skipped {
  readonly count: number;
  /** Of all of them. */
  readonly bytes: number;
  /** The last one. Valid until more is read. */
  readonly last: Uint8Array;
}

/** Size of the buffer between large messages: some hundred usual messages a read. */
const BUFFER_BYTES = 64 * 1024;

/** A read never asks for less than this, or small reads would cost more than moving the rest. */
const MIN_ROOM_BYTES = 4 * 1024;

/**
 * A message that is passed over may be this long. All of it counts as a sign of life, so one without
 * an end would hold the connection for ever; to end it instead lets the next server have its turn.
 */
const MAX_PASSED_BYTES = 256 * 1024 * 1024;

/**
 * Cuts the bytes of a socket into WebSocket messages.
 *
 * Bytes are read into `room()` and counted in by `filled()`; then `next()` gives one message after the
 * other until it needs more bytes. It stops between any two messages, so the reader can
 * pause right behind the message that filled the queue.
 *
 * Memory follows the bytes that came, not the length that a frame declares. A message above the limit is
 * passed over and reported: to end the connection instead would end every later one at the same message.
 * Only one that is absurdly long ends the connection.
 */
export class FrameParser {
  readonly #maxMessageBytes: number;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;
  /** Of the frame at the start: first byte, length of the header, length of the payload. */
  #first = 0;
  #headerBytes = 0;
  #payloadBytes = 0;
  /** The message in parts of which the frame is one: its type, and what there is of it. */
  #partsOpcode: number | null = null;
  #parts = new Uint8Array(0);
  #partsBytes = 0;
  /** Bytes so far of a message in parts that is too large; null when there is none. */
  #tooLarge: number | null = null;
  /** Payload of a too large message still to come in the present frame. */
  #passOver = 0;
  /** Messages skipped since the last `takeSkipped`, their bytes, and where the last one lies. */
  #skipped = 0;
  #skippedBytes = 0;
  #lastStart = 0;
  #lastEnd = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Where to read the next bytes to; never empty. Valid until the next call of anything here. */
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
      // Full with one unfinished frame, so its header is known.
      const frameBytes = this.#headerBytes + this.#payloadBytes;
      this.#buffer = enlarged(this.#buffer, Math.min(frameBytes, this.#buffer.length * 2));
    }
    return this.#buffer.subarray(this.#end);
  }

  /** Says that `count` bytes were read into `room()`. */
  filled(count: number): void {
    this.#end += count;
  }

  /**
   * The next message, or null when more bytes are needed. Text that is not UTF-8 comes as bytes, so that
   * the decoder refuses that message and not the connection.
   *
   * `skip` is asked of every text message that came in one frame, before anything is made of it.
   *
   * @throws {FrameError} when the server does not keep to the protocol
   */
  next(skip: Skip | null = null): string | Uint8Array | Control | null {
    for (;;) {
      if (this.#passOver > 0 && !this.#passOverRest()) return null;
      if (!this.#readHeader()) return null;
      const opcode = this.#first & 0x0f;
      const final = (this.#first & 0x80) !== 0;
      if (opcode < 8) {
        this.#checkSequence(opcode);
        if (
          this.#tooLarge !== null || this.#partsBytes + this.#payloadBytes > this.#maxMessageBytes
        ) {
          const report = this.#refuse(opcode, final);
          if (report !== null) return report;
          continue;
        }
      } else if (!final || this.#payloadBytes > 125) {
        throw new FrameError("got a control frame that is long or in parts");
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

  /** Whether a message, or a frame, has begun of which not all has come. */
  get isMidMessage(): boolean {
    return this.#start < this.#end || this.#partsOpcode !== null || this.#passOver > 0;
  }

  /** What was skipped since this was last asked; null when nothing was. Ask before more is read. */
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

  /** Whether the header of the frame at the start is there. */
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
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new FrameError("got an absurd length");
    return Number(length);
  }

  #checkSequence(opcode: number): void {
    if (opcode > OPCODE.binary) throw new FrameError(`got a frame of unknown type ${opcode}`);
    if ((opcode === OPCODE.continuation) !== (this.#partsOpcode !== null)) {
      throw new FrameError("got the parts of a message out of sequence");
    }
  }

  /** Begins to pass over a data frame that makes its message too large; reports after its last one. */
  #refuse(opcode: number, final: boolean): Control | null {
    const bytes = (this.#tooLarge ?? this.#partsBytes) + this.#payloadBytes;
    if (bytes > MAX_PASSED_BYTES) throw new FrameError("got a message without end");
    this.#start += this.#headerBytes;
    this.#passOver = this.#payloadBytes;
    this.#parts = new Uint8Array(0);
    this.#partsBytes = 0;
    this.#partsOpcode = final ? null : this.#partsOpcode ?? opcode;
    this.#tooLarge = final ? null : bytes;
    return final ? { kind: "too_large", bytes } : null;
  }

  /** Whether all of the frame that is passed over has come. */
  #passOverRest(): boolean {
    const passed = Math.min(this.#passOver, this.#end - this.#start);
    this.#start += passed;
    this.#passOver -= passed;
    return this.#passOver === 0;
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
