/** Every state that the status page can show. */

import type { ReplayProgress } from "../../lib/client/archive/replay_observer.ts";
import { fullStatus, type PageSubject } from "./page_subject.ts";

export interface PageState {
  readonly name: string;
  /** Brings the subject into this state. */
  readonly enter: (subject: PageSubject) => void | Promise<void>;
  /** How the line at the top then begins. */
  readonly title: string;
  /** A condition on the page, if the line at the top does not change. */
  readonly shown?: string;
}

const HERE = { source: "jetstream1.us-east.bsky.network/subscribe" };
const ARCHIVE = { source: "archive.example/xrpc/network.bsky.jetstream.subscribeEvents" };

function progress({ clock }: PageSubject): ReplayProgress {
  return {
    done: 25_000,
    total: 1_000_000,
    perSecond: 1_625,
    leftMs: 600_000,
    segmentsDone: 25,
    segmentsTotal: 80,
    events: 123_456,
    bytes: 9_000_000,
    startedAt: clock.now() - 600_000,
  };
}

function disconnect({ telemetry }: PageSubject): void {
  telemetry.stream.disconnected({ kind: "closed", code: 1011, reason: "internal error" });
}

function beginReplay(subject: PageSubject): void {
  disconnect(subject);
  subject.telemetry.archive.began(ARCHIVE);
  subject.telemetry.archive.progressed(progress(subject));
}

export const STATES: readonly PageState[] = [
  { name: "well", enter: () => {}, title: "All is well" },
  {
    name: "paused",
    enter: ({ telemetry }) => telemetry.stream.paused(),
    title: "Paused",
  },
  { name: "replaying", enter: beginReplay, title: "Replaying the archive" },
  {
    name: "replay-failing",
    enter: (subject) => {
      beginReplay(subject);
      const why = "the server answered 503 Service Unavailable";
      subject.telemetry.archive.requestFailed({ failures: 4, why });
    },
    title: "Not ready",
  },
  {
    name: "not-connected",
    enter: (subject) => {
      disconnect(subject);
      subject.telemetry.stream.attemptFailed({
        ...HERE,
        failures: 3,
        why: "connection refused (os error 111)",
        retryInMs: 4_000,
      });
    },
    title: "Not ready",
  },
  {
    name: "database-down",
    enter: (subject) => {
      subject.telemetry.database.failed("ECONNREFUSED");
      subject.stored = null;
    },
    title: "Not ready",
  },
  {
    name: "database-blocked",
    enter: ({ telemetry, clock }) =>
      telemetry.database.blocked({
        what: "the table scenes",
        sinceMs: clock.now() - 20_000,
        holders: [{
          pid: 4711,
          user: "postgres",
          application: "pg_dump",
          state: "idle in transaction",
          since: new Date(clock.now() - 60_000),
          waits: false,
        }],
      }),
    title: "Not ready",
  },
  {
    name: "database-refusing",
    enter: ({ telemetry }) => telemetry.batches.failed("53100"),
    title: "Not ready",
  },
  {
    name: "stalled",
    enter: ({ telemetry, clock }) => {
      const oldest = { receivedAt: clock.monotonic(), timeUs: clock.now() * 1000 };
      telemetry.watchBacklog(() => ({ queued: 1_001, queuedBytes: 9_000_000, oldest }));
      telemetry.stream.paused();
      clock.pass(120_000);
      // The watch asks meanwhile.
      telemetry.database.answered();
    },
    title: "Not working",
  },
  {
    name: "first-start",
    enter: (subject) => {
      subject.stored = {
        ...fullStatus(),
        collections: [],
        countedAt: null,
        cursor: null,
        waiting: { total: 0, reasons: [] },
        deadLetters: { open: 0, reasons: [] },
        recent: [],
        scenes: [],
      };
      subject.letters.open = [];
    },
    title: "All is well",
    shown: "document.querySelector('#collections').textContent.includes('being counted')",
  },
  { name: "stale", enter: (subject) => subject.stopServer(), title: "Stale" },
];
