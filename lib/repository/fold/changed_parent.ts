/** A record whose standing changed, as far as its children care. */

import type { RecordKey } from "../../mapper/collection.ts";

export interface ChangedParent {
  readonly key: RecordKey;
  /** Whether it may have live children: false when it has only started to be live. */
  readonly wasLive: boolean;
}
