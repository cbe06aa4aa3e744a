import type { Foreign, Position } from "../event.ts";

/** An addition of a later version: counted and skipped, as the protocols require. */
export function unknownEvent(position: Position | null): Foreign {
  return { kind: "foreign", what: "unknown", collection: null, position };
}
