/** The characters of a text that is being made, each with its origin in the text it is made from. */

/** For texts up to this length, the same memory is used again and again. */
const KEPT = 1 << 14;

/** No escape is longer: `%F0%9F%93%8D`. Behind the end there are as many zeros, and nothing of an earlier text. */
const MAX_ESCAPE = 12;

/** More arguments of a call could overflow the stack. */
const MAX_ARGUMENTS = 1 << 13;

const decoder = new TextDecoder("utf-16le", { ignoreBOM: true });

export class UnitBuffer {
  codes = new Uint16Array(KEPT + MAX_ESCAPE);
  /** One more than there are codes. */
  offsets = new Uint32Array(KEPT + MAX_ESCAPE);
  length = 0;

  /** Begins with as many characters of a text, which has these origins. */
  start(text: string, length: number, offsets: Uint32Array | null): void {
    const isLarge = this.codes.length > KEPT + MAX_ESCAPE;
    const needed = Math.max(KEPT, text.length) + MAX_ESCAPE;
    if (this.codes.length < needed || isLarge && text.length <= KEPT) this.#resize(needed);
    for (let at = 0; at < length; at++) {
      this.codes[at] = text.charCodeAt(at);
      this.offsets[at] = offsets === null ? at : offsets[at]!;
    }
    this.length = length;
  }

  add(code: number, offset: number): void {
    if (this.length + MAX_ESCAPE === this.codes.length) this.#resize(this.codes.length * 2);
    this.codes[this.length] = code;
    this.offsets[this.length++] = offset;
  }

  /** The origin of what is behind the last character. */
  end(offset: number): void {
    this.offsets[this.length] = offset;
    this.codes.fill(0, this.length, this.length + MAX_ESCAPE);
  }

  text(): string {
    const codes = this.codes.subarray(0, this.length);
    if (this.length > MAX_ARGUMENTS) return decoder.decode(codes);
    return String.fromCharCode.apply(null, codes as unknown as number[]);
  }

  #resize(length: number): void {
    const { codes, offsets } = this;
    this.codes = new Uint16Array(length);
    this.offsets = new Uint32Array(length);
    this.codes.set(codes.subarray(0, length));
    this.offsets.set(offsets.subarray(0, length));
  }
}
