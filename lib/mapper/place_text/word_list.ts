/** Words that are looked up, folded and in lower case. */

import { foldText } from "./unicode_fold.ts";

export class WordList {
  readonly words: readonly string[];
  /** A Set would add each new text to the engine's table of texts first, which takes ten times as long. */
  readonly #pattern: RegExp;
  /** Codes of the first letters: most other words end here. */
  readonly #firsts: ReadonlySet<number>;

  constructor(...lists: string[]) {
    const words = lists.flatMap((list) => foldText(list).toLowerCase().split(" "));
    this.words = [...new Set(words)];
    this.#firsts = new Set(words.map((word) => word.charCodeAt(0)));
    this.#pattern = new RegExp(`^(?:${this.words.toSorted().join("|")})$`);
  }

  has(word: string): boolean {
    return this.#firsts.has(word.charCodeAt(0)) && this.#pattern.test(word);
  }
}
