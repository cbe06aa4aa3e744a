/** A careless change of one place, and the rule that must notice it. */

export interface Mutant {
  /**
   * The file, by its path in the repository. For a folder, which ends in a slash, its last file with the
   * text: of a function that several migrations replace, the newest counts.
   */
  readonly file: string;
  /** A text that the file contains exactly once. */
  readonly before: string;
  readonly after: string;
  /** What a user loses when nobody notices. */
  readonly rule: string;
  /** The test files that must fail with the change, by their paths in `tests`. */
  readonly near: readonly string[];
}

/** The result of a mutant. `why`: the test that failed, or why the change did not apply. */
export interface Outcome {
  readonly verdict: "killed" | "survived" | "not applicable";
  readonly why: string;
  readonly seconds: number;
}
