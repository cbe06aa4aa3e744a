/** Texts are normalised in memory that is used again: nothing of one may get into the next. */

import assert from "node:assert/strict";
import {
  foldedText,
  NormalizedText,
  unescapedText,
} from "../../../lib/mapper/place_text/normalized_text.ts";
import { SearchBudget } from "../../../lib/mapper/place_text/search_budget.ts";

function unescaped(text: string): string | null {
  return unescapedText(foldedText(new NormalizedText(text)), new SearchBudget(1000))?.text ?? null;
}

Deno.test("an escape that is cut off is not completed by an earlier text, or by an earlier level of escapes", () => {
  assert.equal(unescaped("%41".repeat(20)), "A".repeat(20));
  assert.equal(unescaped("a%2525 and %2"), "a% and %2");
  assert.equal(unescaped("47,6062%25254"), "47,6062%4");
});

Deno.test("long and short texts take turns", () => {
  for (const length of [10, 100_000, 3, 20_000, 5]) {
    const text = "é½\u200b%20".repeat(length);
    const folded = foldedText(new NormalizedText(text));
    assert.equal(folded.text, "e1⁄2%20".repeat(length));
    assert.equal(folded.startOf(1), 1);
    assert.equal(folded.endOf(4), 3, "a character that is not seen belongs to the one before");
    assert.equal(folded.endOf(folded.text.length), text.length);
    assert.equal(unescaped(text), "e1/2 ".repeat(length));
  }
});

Deno.test("what is seen as it is written keeps its own text and places", () => {
  for (const text of ["Doors at 8 €", "開場は20時", "🎵 12", "plain"]) {
    const written = new NormalizedText(text);
    assert.equal(foldedText(written), written);
  }
  const folded = foldedText(new NormalizedText("Über 12"));
  assert.equal(folded.text, "Uber 12");
  assert.equal(folded.offsets, null);
});
