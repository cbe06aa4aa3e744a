/** What became of an event. Every event ends in exactly one of these. */
export const OUTCOMES = [
  "applied",
  "duplicate",
  "stale",
  "waiting",
  "dead_letter",
  "ignored",
] as const;

export type Outcome = typeof OUTCOMES[number];

/** Events by outcome. */
export type OutcomeCounts = Readonly<Record<Outcome, number>>;
