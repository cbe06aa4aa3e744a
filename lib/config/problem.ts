/** Problems with the settings, in sentences that name the setting and what it accepts. */

import type { z } from "zod";
import type { ConfigProblem } from "./config_problem.ts";
import { verifiesServer } from "./setting_form.ts";
import { meantBy } from "./misspelling.ts";
import type { Setting } from "./setting.ts";
import { SETTINGS, type SettingValues } from "./settings.ts";
import { addressProblem, wantedDids } from "./wanted_dids.ts";

/** A value that its setting doesn't accept. */
export function unusable(
  name: string,
  setting: Setting,
  present: ReadonlyMap<string, string>,
  error: z.ZodError,
): ConfigProblem {
  const value = present.get(name) ?? "";
  const found = whyOf(error, value) ?? `got ${shownValue(value, setting, present)}`;
  return { setting: name, message: `cannot use ${name}: ${found}, expected ${setting.accepts}` };
}

/** The message of our own schema; it repeats nothing of the value. */
function whyOf({ issues: [issue] }: z.ZodError, value: string): string | null {
  if (issue?.code !== "custom" || issue.params?.["isOurs"] !== true) return null;
  const [index] = issue.path;
  const isOneOfSeveral = typeof index === "number" && value.includes(",");
  return isOneOfSeveral ? `number ${index + 1} of the list: ${issue.message}` : issue.message;
}

/** Names and numbers. A URL or a value with a password pasted by mistake does not match. */
const HARMLESS = /^[A-Za-z0-9_.,:+ -]{1,40}$/;

function shownValue(
  value: string,
  setting: Setting,
  present: ReadonlyMap<string, string>,
): string {
  const secrets = Object.entries(SETTINGS)
    .flatMap(([name, { secret }]) => secret ? [present.get(name)] : []);
  const harmless = !setting.secret && HARMLESS.test(value) && !secrets.includes(value);
  return harmless ? JSON.stringify(value) : "something else (not shown)";
}

const ARCHIVED_PATH = "/xrpc/network.bsky.jetstream.subscribeEvents";

/** Settings that are valid alone but not together. Takes only those that are valid alone. */
export function contradictions(
  values: Partial<SettingValues>,
  present: ReadonlyMap<string, string>,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const order = (smaller: SettingNumber, larger: SettingNumber, mayEqual: boolean): void => {
    const least = values[smaller];
    const most = values[larger];
    if (least === undefined || most === undefined) return;
    if (least < most || (mayEqual && least === most)) return;
    const relation = mayEqual ? "at most" : "less than";
    problems.push({
      setting: smaller,
      message: `cannot use ${smaller}: got ${least}, expected ${relation} ${larger}, ` +
        `which is ${most}`,
    });
  };
  order("QUEUE_RESUME_AT", "QUEUE_PAUSE_AT", false);
  order("QUEUE_PAUSE_AT", "QUEUE_MAX", true);
  order("RECONNECT_BASE_MS", "RECONNECT_MAX_MS", true);
  const { START_FROM, JETSTREAM_URL } = values;
  if (
    START_FROM?.kind === "archive" && !JETSTREAM_URL?.some((url) => url.includes(ARCHIVED_PATH))
  ) {
    problems.push({
      setting: "START_FROM",
      message: `cannot use START_FROM: got archive, expected a JETSTREAM_URL with the path ` +
        `${ARCHIVED_PATH}, whose servers have one`,
    });
  }
  const tooMany = addressProblem(wantedDids(values), JETSTREAM_URL ?? []);
  if (tooMany !== null) problems.push(tooMany);
  const { DATABASE_ROOT_CERT, DATABASE_URL } = values;
  if (DATABASE_ROOT_CERT !== undefined && DATABASE_URL && !verifiesServer(DATABASE_URL)) {
    problems.push({
      setting: "DATABASE_ROOT_CERT",
      message: "cannot use DATABASE_ROOT_CERT: it would have no effect, expected " +
        "sslmode=verify-full (or verify-ca, or require) in DATABASE_URL",
    });
  }
  if (values.SUBCULT_ENV === "production") {
    for (const name of ["DATABASE_URL", "LOCATION_JITTER_SECRET"] as const) {
      if (!present.has(name)) problems.push(missing(name));
    }
  }
  return problems;
}

type SettingNumber =
  | "QUEUE_RESUME_AT"
  | "QUEUE_PAUSE_AT"
  | "QUEUE_MAX"
  | "RECONNECT_BASE_MS"
  | "RECONNECT_MAX_MS";

function missing(name: "DATABASE_URL" | "LOCATION_JITTER_SECRET"): ConfigProblem {
  return {
    setting: name,
    message: `${name} is required in production: got nothing, ` +
      `expected ${SETTINGS[name].accepts}`,
  };
}

/** Unknown names that look like settings. */
export function unknownNames(present: ReadonlyMap<string, string>): readonly ConfigProblem[] {
  const settings = Object.keys(SETTINGS);
  return [...present].flatMap(([name, value]) => {
    const meant = meantBy(name, value, settings);
    if (meant === null) return [];
    const message = `cannot use ${name}: there is no such setting; did you mean ${meant}?`;
    return [{ setting: name, meant, message }];
  });
}
