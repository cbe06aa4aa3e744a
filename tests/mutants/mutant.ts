/** A careless change of one place, and the rule that must notice it. */

export interface Mutant {
  /**
   * The file, by its path in the repository; of a folder, which ends in a slash, its last file that holds the
   * text: of a function that migrations make anew, the newest counts.
   */
  readonly file: string;
  /** A text that the file holds exactly once. */
  readonly before: string;
  readonly after: string;
  /** What a user loses when nobody notices. */
  readonly rule: string;
  /** The test files that must fail with it, by their names in `tests`. */
  readonly near: readonly string[];
}

/** What became of a mutant. `why`: the test that failed, or what did not apply. */
export interface Outcome {
  readonly verdict: "killed" | "survived" | "not applicable";
  readonly why: string;
  readonly seconds: number;
}
