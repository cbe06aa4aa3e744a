/** The outcomes of events. Every event has exactly one. */
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
