/** Which characters a text has. One pass over a text rules out nearly all forms of places. */

import { isAsciiDigit } from "./ascii.ts";

/** The letters of a text as one bit each, without case. */
const LETTERS = new Int32Array(0x80);
for (let index = 0; index < 26; index++) {
  LETTERS[0x41 + index] = LETTERS[0x61 + index] = 1 << index;
}

/** Its other characters: some signs, and all that are not printed or not ASCII as one. */
const SIGNS = new Int32Array(0x80);
[..."\n+-/.:=%&\\'\"|,"].forEach((sign, index) => SIGNS[sign.charCodeAt(0)] = 1 << index);
const UNUSUAL = 1 << 30;
for (let code = 0; code < 0x20; code++) {
  if (!/[\t\n\r]/.test(String.fromCharCode(code))) SIGNS[code] = UNUSUAL;
}
SIGNS[0x7f] = UNUSUAL;

export class Characters {
  readonly length: number;
  readonly digits: number;
  readonly #letters: number;
  readonly #signs: number;

  constructor(text: string) {
    let letters = 0;
    let signs = 0;
    let digits = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code < 0x80) {
        letters |= LETTERS[code]!;
        signs |= SIGNS[code]!;
        if (isAsciiDigit(code)) digits++;
      } else signs |= UNUSUAL;
    }
    this.length = text.length;
    this.digits = digits;
    this.#letters = letters;
    this.#signs = signs;
  }

  /** Whether there are as many characters as in one of `forms`, as many digits, and all its letters and signs. */
  hasAny(forms: readonly Characters[]): boolean {
    for (const form of forms) {
      if (this.length >= form.length && this.digits >= form.digits && this.#has(form)) return true;
    }
    return false;
  }

  #has(form: Characters): boolean {
    return (this.#letters & form.#letters) === form.#letters &&
      (this.#signs & form.#signs) === form.#signs;
  }

  /** Whether it has to be folded before it is searched. */
  get isUnusual(): boolean {
    return (this.#signs & UNUSUAL) !== 0;
  }
}

/**
 * The characters of forms, for `hasAny`. A zero stands for any digit, an asterisk for any character, and `°` for
 * any that is not ASCII.
 */
export function formsOf(...examples: string[]): readonly Characters[] {
  return examples.map((example) => new Characters(example));
}
