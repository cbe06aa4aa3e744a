/** A record that started or stopped being live, or whose meaning for its children changed. */

import type { RecordKey } from "../../mapper/collection.ts";

export interface ChangedParent {
  readonly key: RecordKey;
  /** Whether it may have live children: false when it has only just started to be live. */
  readonly wasLive: boolean;
}
