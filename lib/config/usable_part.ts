/** The valid part of invalid settings: enough to check the database and the stream. */

import { type Config, type EnvironmentVariables, readConfig } from "../config.ts";
import type { ConfigProblem } from "./config_problem.ts";

/** The settings that a check needs. */
const NEEDED = [
  "DATABASE_URL",
  "DATABASE_ROOT_CERT",
  "DATABASE_PREPARE",
  "JETSTREAM_URL",
  "WANTED_COLLECTIONS",
] as const;

export interface UsablePart {
  readonly config: Config;
  /** Whether this setting can be checked: it is neither invalid nor misspelt. */
  tried(setting: typeof NEEDED[number]): boolean;
}

/** The needed settings that are valid, and defaults for the others. */
export function usablePart(
  env: EnvironmentVariables,
  problems: readonly ConfigProblem[],
): UsablePart {
  const wrong = new Set(problems.map(({ setting }) => setting));
  const usable: Record<string, string> = { SUBCULT_ENV: "development" };
  for (const name of NEEDED) {
    const value = env[name];
    if (value !== undefined && !wrong.has(name)) usable[name] = value;
  }
  return {
    config: readConfig(usable),
    // Otherwise the default would be checked, which was not intended.
    tried: (setting) =>
      !wrong.has(setting) &&
      (usable[setting] !== undefined || !problems.some(({ meant }) => meant === setting)),
  };
}
