/**
 * Requests and decisions: in a collection with `decidesAbout`, an owner's record about another account decides on
 * the requests that this account made with records of its own.
 */

import type { Content } from "./content.ts";

/** Whether a record decides about another account. */
export function isDecision(content: Content | null): boolean {
  return content?.kind === "mapped" && content.about !== null;
}

/** Whether a record is a request, which a decision can answer. */
export function isRequest(content: Content | null): boolean {
  return content?.kind === "mapped" && content.about === null &&
    content.collection.decidesAbout !== undefined;
}
