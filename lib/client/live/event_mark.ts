/** What an event leaves of itself beside its number, so that another event of that number is told from it. */

import type { Event, Position } from "../../decoder/event.ts";

/**
 * The time at which the server saw the event, and where the wire has them, the account and its revision
 * or the relay's number. Events of one firehose message share a number: their marks are the same, or one
 * begins the other.
 */
export function markOf(event: Event, { timeUs }: Position): string {
  switch (event.kind) {
    case "commit":
    case "sync":
      return `${timeUs} ${event.did} ${event.rev}`;
    case "account":
    case "identity":
      return `${timeUs} ${event.did} ${event.relaySeq}`;
    case "foreign":
    case "malformed":
    case "notice":
      return String(timeUs);
  }
}

/** The time in a mark, Unix microseconds. */
export function timeOfMark(mark: string): number {
  return Number.parseInt(mark);
}

/** Whether two marks can be of one event. A mark that tells less agrees with one that tells more. */
export function isSameMark(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other} `) || other.startsWith(`${one} `);
}
