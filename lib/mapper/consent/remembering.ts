/** A function of a text that remembers its results: apps use the same keys in all their records. */

import { MAX_KNOWN_KEY } from "../place_text/search_budget.ts";

/** Record keys are unlimited, so what is remembered is cleared at this size. */
const MAX_REMEMBERED = 4096;

export function remembering<Result>(decide: (text: string) => Result): (text: string) => Result {
  const remembered = new Map<string, Result>();
  return (text) => {
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const decided = decide(text);
    if (text.length <= MAX_KNOWN_KEY) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(text, decided);
    }
    return decided;
  };
}
