/**
 * The mark of an event, stored beside its number, so that a different event with the same number is noticed.
 */

import type { Event, Position } from "../../decoder/event.ts";

/**
 * The time at which the server saw the event and, where the protocol has them, the account and its revision,
 * or the relay's number. Events of one firehose message share a number: their marks are equal, or one is a
 * prefix of the other.
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

/** Whether two marks can be of one event. A mark with fewer parts matches one with more. */
export function isSameMark(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other} `) || other.startsWith(`${one} `);
}
