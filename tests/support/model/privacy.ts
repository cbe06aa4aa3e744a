/** The coordinates of a delivery that must not be anywhere in the database. */

import type { Model } from "./fold.ts";
import { entriesOf } from "./fields.ts";

/** Coordinates as the generator writes them: nothing else has seven decimals. */
const COORDINATE = /\d+\.\d{6}1(?!\d)/g;

/**
 * The digits of every exact coordinate that was delivered and that no current record consents to
 * keep, without their signs.
 */
export function forbiddenDigits(frames: readonly string[], model: Model): string[] {
  const allowed = new Set<string>();
  for (const record of model.consenting().values()) {
    const location = entriesOf(record.get("location"));
    if (location?.get("allowPrecise") !== true) continue;
    for (const part of [location.get("lat"), location.get("lng")]) {
      allowed.add(String(part).replace("-", ""));
    }
  }
  const delivered = new Set(frames.flatMap((frame) => frame.match(COORDINATE) ?? []));
  return [...delivered].filter((digits) => !allowed.has(digits));
}
