/** The search of one text: what it has, and the places found in it so far. */

import type { Characters } from "./characters.ts";
import type { Found } from "./found_place.ts";
import type { NormalizedText } from "./normalized_text.ts";
import type { SearchBudget } from "./search_budget.ts";

/** A text with more places is a track and is replaced as a whole. */
export const MAX_PLACES = 1000;

/** One or several expressions that are looked for when the text may match them. */
export interface Form {
  /** What each match has, as in `formsOf`: costs next to nothing. */
  readonly has: readonly Characters[];
  /** Whether the patterns can match at all: cheap. One of them is enough. */
  readonly suspects: readonly RegExp[];
  readonly patterns: readonly Pattern[];
}

export interface Pattern {
  readonly has?: readonly Characters[];
  readonly pattern: RegExp;
  /** Whether the first group of the pattern is the name, which stays. A lookbehind costs far more. */
  readonly isNamed?: boolean;
  /** What is kept of a match. Absent: nothing. */
  readonly coarsen?: (match: string) => string;
}

export class TextSearch {
  readonly text: string;
  readonly characters: Characters;
  /** Whether the text is under a key that may name a place. */
  readonly isUnderPlace: boolean;
  readonly budget: SearchBudget;
  readonly found: Found[] = [];

  constructor(
    { text, characters }: NormalizedText,
    isUnderPlace: boolean,
    budget: SearchBudget,
  ) {
    this.text = text;
    this.characters = characters;
    this.isUnderPlace = isUnderPlace;
    this.budget = budget;
  }

  /** Whether nothing of the text is kept: it has too many places, or the budget is used up. */
  get isHopeless(): boolean {
    return this.found.length > MAX_PLACES || this.budget.isUsedUp;
  }

  add(place: Found): void {
    this.found.push(place);
  }

  addForms(forms: readonly Form[]): void {
    for (const { has, suspects, patterns } of forms) {
      if (!this.characters.hasAny(has)) continue;
      if (!this.budget.takeForm(this.text.length)) return;
      if (!suspects.some((suspect) => suspect.test(this.text))) continue;
      for (const pattern of patterns) this.#addMatches(pattern);
    }
  }

  #addMatches({ has, pattern, isNamed = false, coarsen }: Pattern): void {
    if (has !== undefined && !this.characters.hasAny(has)) return;
    if (this.isHopeless || !this.budget.takeExpression(this.characters)) return;
    pattern.lastIndex = 0;
    for (let match; !this.isHopeless && (match = pattern.exec(this.text)) !== null;) {
      const end = match.index + match[0].length;
      const start = match.index + (isNamed ? match[1]?.length ?? 0 : 0);
      if (coarsen === undefined) this.add({ start, end });
      else this.add({ start, end, coarse: coarsen(this.text.slice(start, end)) });
    }
  }
}
