/** One thing that is wrong with the settings. */
export interface ConfigProblem {
  readonly setting: string;
  /** Of a name that is none, the setting that it is near to. */
  readonly meant?: string;
  /** A sentence that names the setting. Holds no secret. */
  readonly message: string;
}
