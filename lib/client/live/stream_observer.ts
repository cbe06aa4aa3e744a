import type { Endpoint } from "../endpoint.ts";

/** What an operator should know of, though the client goes on by itself. */
export const NOTICES = [
  /** The cursor asked for lies in the future: the server starts at the live tip and says nothing. */
  "cursor_in_future",
  /** The server counts anew, and went live: asked again by time, where it takes a time. */
  "went_live",
  /** The event of the cursor's number is another one by now: asked again by time. */
  "renumbered",
  /** Not the event at the cursor came first, but a later one: asked again by time, to be sure. */
  "cursor_doubted",
  /** The server no longer has the cursor, but has its time: asked again by that. */
  "cursor_aged_out",
  /** All times of the server are ahead of our clock: one of the two clocks is wrong. */
  "clock_ahead",
  /** The cursor comes from another numbering and this server takes no time: events may be missing. */
  "no_time_cursor",
  /** The replay began long after the cursor: events between may be missing. */
  "replay_starts_late",
  /** A number of the operator's or of a firehose's was asked for, and a later one came: maybe there is none between. */
  "started_later",
  /** Beside a server that no longer has the cursor there is no archive: the time is asked for instead. */
  "archive_missing",
  /** The server numbers by time where it used to number by sequence: more is replayed than asked. */
  "numbering_changed",
  /** The server has no live events as old as the cursor: the archive is replayed first. */
  "cursor_too_old",
  /** The server said that it begins later than asked: events between are missing there. */
  "outdated_cursor",
  /** A connection lived and brought no event for so long that it was left. */
  "quiet_stream",
  /** A server sends nothing that can be decoded: it was left. */
  "undecodable_stream",
  /** An error that the server sent before it ended the stream. */
  "server_error",
  /** The next instance of the list is read from now on. */
  "source_changed",
  /** An instance far behind was left for another. */
  "source_lagging",
  /** An instance that refuses the request for good is not asked again. */
  "source_excluded",
  /** Compression was given up for this connection, or for this instance. */
  "uncompressed",
  /** A message above the size limit was passed over. */
  "message_too_large",
] as const;

export type NoticeCode = typeof NOTICES[number];

/** Those after which a server may hold no longer what was not read yet. */
export const EVENTS_MAY_BE_MISSING: ReadonlySet<NoticeCode> = new Set([
  "archive_missing",
  "cursor_in_future",
  "no_time_cursor",
  "outdated_cursor",
  "replay_starts_late",
  "went_live",
]);

/** One such thing, for logs and metrics. */
export interface Notice {
  readonly code: NoticeCode;
  /** For a person; holds no credentials and nothing from a record. */
  readonly message: string;
}

/** Why a connection ended. */
export type Ending =
  /** The server closed it, with its code, or 1006 when it just went away. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  /** It broke: the network, or a server that does not keep to the protocol. */
  | { readonly kind: "broken"; readonly error: Error }
  /** Nothing came for too long, not even a ping. */
  | { readonly kind: "idle" }
  /** The socket lived, and brought no event for too long. */
  | { readonly kind: "quiet"; readonly forMs: number }
  /** So many messages in a row could not be decoded. */
  | { readonly kind: "undecodable"; readonly count: number }
  /** The queue was full for so long that the server would have dropped us. */
  | { readonly kind: "paused" }
  /** Left on purpose, for another endpoint or another cursor. */
  | { readonly kind: "left"; readonly notice: Notice | null }
  | { readonly kind: "aborted" };

/** Callbacks of the client; every one may be left out. They are called in the middle of its work: be brief. */
export interface Observer {
  /** A connection stands. `failures` attempts in a row failed before it. */
  connected?(event: {
    readonly endpoint: Endpoint;
    readonly cursor: string | null;
    readonly failures: number;
  }): void;
  /** A connection brought something newer than all before. Called once for each. */
  useful?(event: { readonly endpoint: Endpoint }): void;
  /** A connection that stood is over. */
  disconnected?(event: { readonly endpoint: Endpoint; readonly ending: Ending }): void;
  /**
   * An attempt came to nothing: refused, or dropped before it brought anything. `failures` counts
   * it and those before it in a row; the next attempt follows after `retryInMs`. `alerting`: there
   * are as many as the settings have for an alert.
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
