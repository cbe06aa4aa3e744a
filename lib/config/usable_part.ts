/** What is left of settings that can't all be used: enough to try the database and the stream. */

import { type Config, type EnvironmentVariables, readConfig } from "../config.ts";
import type { ConfigProblem } from "./config_problem.ts";

/** The settings that a trial needs. */
const NEEDED = [
  "DATABASE_URL",
  "DATABASE_ROOT_CERT",
  "DATABASE_PREPARE",
  "JETSTREAM_URL",
  "WANTED_COLLECTIONS",
] as const;

export interface UsablePart {
  readonly config: Config;
  /** Whether what this setting names can be tried: it is neither wrong nor misspelt. */
  tried(setting: typeof NEEDED[number]): boolean;
}

/** Takes the settings that a trial needs and that nothing is wrong with, and defaults for the others. */
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
    // Without it the default would be tried, which is not what was meant.
    tried: (setting) =>
      !wrong.has(setting) &&
      (usable[setting] !== undefined || !problems.some(({ meant }) => meant === setting)),
  };
}
