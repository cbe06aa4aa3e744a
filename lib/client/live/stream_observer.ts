import type { Endpoint } from "../endpoint.ts";

/** Events that an operator should know about, although the client continues by itself. */
export const NOTICES = [
  /** The requested cursor is in the future: the server silently starts at the live tip. */
  "cursor_in_future",
  /** The server restarted its numbering and went live: requested again by time, where it accepts one. */
  "went_live",
  /** The cursor's number now means another event: requested again by time. */
  "renumbered",
  /** The first event is not the cursor's but a later one: requested again by time, to be safe. */
  "cursor_doubted",
  /** The server no longer has the cursor but has its time: requested again by time. */
  "cursor_aged_out",
  /** All times of the server are ahead of our clock: one of the two clocks is wrong. */
  "clock_ahead",
  /** The cursor is of another numbering and this server accepts no time: events may be missing. */
  "no_time_cursor",
  /** The replay began long after the cursor: events between may be missing. */
  "replay_starts_late",
  /**
   * An operator's or a firehose's number was requested, and a later one came: possibly none exists in
   * between.
   */
  "started_later",
  /** The server has neither the cursor nor an archive: requested by time instead. */
  "archive_missing",
  /** The server numbers by time where it used to number by sequence: more is replayed than needed. */
  "numbering_changed",
  /** The server has no live events as old as the cursor: the archive is replayed first. */
  "cursor_too_old",
  /** The server announced a later beginning than requested: it lacks the events between. */
  "outdated_cursor",
  /** A connection was open and brought no event for so long that it was closed. */
  "quiet_stream",
  /** A server sends nothing that can be decoded: it was left. */
  "undecodable_stream",
  /** Reading continues behind undecodable messages that were not kept. */
  "undecodable_skipped",
  /** An error that the server sent before it closed the stream. */
  "server_error",
  /** Another instance of the list is read from now on. */
  "source_changed",
  /** An instance far behind was left for another. */
  "source_lagging",
  /** An instance that refuses the request for good is excluded. */
  "source_excluded",
  /** Compression is off, for this connection or for this instance. */
  "uncompressed",
  /** A message above the size limit was skipped. */
  "message_too_large",
] as const;

export type NoticeCode = typeof NOTICES[number];

/** Notices after which the server may no longer have some unread events. */
export const EVENTS_MAY_BE_MISSING: ReadonlySet<NoticeCode> = new Set([
  "archive_missing",
  "cursor_in_future",
  "no_time_cursor",
  "outdated_cursor",
  "replay_starts_late",
  "undecodable_skipped",
  "went_live",
]);

/** One notice, for logs and metrics. */
export interface Notice {
  readonly code: NoticeCode;
  /** For a person; contains no credentials and nothing from a record. */
  readonly message: string;
}

/** Why a connection ended. */
export type Ending =
  /** The server closed it, with its code, or 1006 when the connection was lost. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  /** It failed: a network error, or a violation of the protocol. */
  | { readonly kind: "broken"; readonly error: Error }
  /** Nothing arrived for too long, not even a ping. */
  | { readonly kind: "idle" }
  /** The socket was open and brought no event for too long. */
  | { readonly kind: "quiet"; readonly forMs: number }
  /** Too many messages in a row could not be decoded. */
  | { readonly kind: "undecodable"; readonly count: number }
  /** The queue was full for so long that the server would have dropped us. */
  | { readonly kind: "paused" }
  /** Closed on purpose, for another endpoint or another cursor. */
  | { readonly kind: "left"; readonly notice: Notice | null }
  | { readonly kind: "aborted" };

/** Callbacks of the client, all optional. They run within its work, so they must be short. */
export interface Observer {
  /** A connection is open. `failures` attempts in a row failed before it. */
  connected?(event: {
    readonly endpoint: Endpoint;
    readonly cursor: string | null;
    readonly failures: number;
  }): void;
  /** A connection brought something newer than everything before. Called once per connection. */
  useful?(event: { readonly endpoint: Endpoint }): void;
  /** An open connection has ended. */
  disconnected?(event: { readonly endpoint: Endpoint; readonly ending: Ending }): void;
  /**
   * An attempt failed: refused, or lost before it brought anything. `failures` counts the failures in a row
   * including this one; the next attempt follows after `retryInMs`. `alerting`: the count has reached the
   * configured limit.
   */
  attemptFailed?(event: {
    readonly endpoint: Endpoint;
    readonly failures: number;
    readonly error: Error;
    readonly retryInMs: number;
    readonly alerting: boolean;
  }): void;
  notice?(notice: Notice & { readonly endpoint: Endpoint }): void;
}
