/** What the key of a member says about its value. */

import { type KeyPolicy, keyPolicy } from "./place_key.ts";
import { MAX_KNOWN_KEY, SearchBudget } from "../place_text/search_budget.ts";
import { remembering } from "./remembering.ts";

export interface MemberKey {
  readonly policy: KeyPolicy;
  /** Whether it only numbers or orders a value: `a`, `first`, `_1`, `value2`, `north`. */
  readonly isOrdering: boolean;
  readonly hasDigit: boolean;
  /** The units that searching it as a text took. */
  readonly search: number;
}

const MAX_ORDERING_KEY = 12;
const ORDERING_KEY =
  /^_?(?:[a-zφλ]{1,2}|ltd|lgt|latt|lngg|\d{1,2}|(?:loc|pos|item|value|val|num|number|field|part|arg|component)_?\d{1,2}|first|second|one|two|phi|lambda|north|south|east|west)$/i;

const rememberedKey = remembering((key) => described(key, new SearchBudget(key.length)));

/** Only a long key uses units of the budget: it is searched again each time. */
export function memberKeyOf(key: string, budget: SearchBudget): MemberKey {
  return key.length <= MAX_KNOWN_KEY ? rememberedKey(key) : described(key, budget);
}

/** The units that searching a short key took, now or before. */
export function searchOfKey(key: string): number {
  return rememberedKey(key).search;
}

function described(key: string, budget: SearchBudget): MemberKey {
  return {
    policy: keyPolicy(key, budget),
    isOrdering: key.length <= MAX_ORDERING_KEY && ORDERING_KEY.test(key),
    hasDigit: /\d/.test(key),
    search: budget.used,
  };
}
