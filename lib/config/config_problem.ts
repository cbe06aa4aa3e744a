/** A problem with the settings. */
export interface ConfigProblem {
  readonly setting: string;
  /** For an unknown name: the similar setting. */
  readonly meant?: string;
  /** A sentence that names the setting. Contains no secret. */
  readonly message: string;
}
