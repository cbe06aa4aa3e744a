import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import type { ArchiveFormat } from "../../../lib/client/archive/archive_format.ts";
import type { ArchiveChunk } from "../../../lib/client/archive/chunk_delivery.ts";
import { IDLE_MS, TOTAL_MS } from "../../../lib/client/archive/http_request.ts";
import type { ArchiveNotice, ReplayProgress } from "../../../lib/client/archive/replay_observer.ts";
import { replayArchive, type ReplayOptions } from "../../../lib/client/archive/replay.ts";
import { eventsOf } from "../../../lib/decoder/archive/block_events.ts";
import { BlockDecoder } from "../../../lib/decoder/archive/block_frame.ts";
import type { Event, Position } from "../../../lib/decoder/event.ts";
import {
  readSegmentHeader,
  readSegmentIndex,
  SEGMENT_HEADER_BYTES,
  segmentFrame,
} from "../../../lib/decoder/archive/segment.ts";
import { decoderOptions } from "../decoder_samples.ts";
import { type ArchiveBlock, type ArchiveRow, blockOf } from "./archive_file.ts";
import type { ArchiveServer } from "./archive_server.ts";
import { OPEN } from "./followed.ts";
import { HurryingClock } from "./hurrying_clock.ts";
import { within } from "../within.ts";

/** The decoder's part, as the program puts it together. */
export function archiveFormat(
  wanted: readonly string[],
  dids: readonly string[] = [],
): ArchiveFormat {
  const options = decoderOptions({ wanted });
  const decoder = new BlockDecoder();
  const only = dids.length === 0 ? {} : { dids: new Set(dids) };
  return {
    headerBytes: SEGMENT_HEADER_BYTES,
    segmentHeader: readSegmentHeader,
    segmentIndex: readSegmentIndex,
    segmentFrame,
    block: (frame, expected) => decoder.decode(frame, expected),
    events: (block, first, end) => eventsOf(block, options, { first, end, ...only }),
  };
}

export const SCENES = "app.subcult.scene";
export const POSTS = "app.bsky.feed.post";

export interface Replayed {
  readonly clock: HurryingClock;
  readonly chunks: ArchiveChunk[];
  readonly notices: ArchiveNotice[];
  readonly failures: { request: string; failures: number; retryInMs: number; error: Error }[];
  readonly alerts: number[];
  /** Requests that were answered after failures. */
  readonly answered: string[];
  readonly progress: ReplayProgress[];
  /** Settles as `replayArchive` does. */
  readonly done: Promise<{ readonly cutover: number }>;
  readonly abort: (reason: unknown) => void;
}

type Changes = Partial<Omit<ReplayOptions, "observer" | "signal">> & {
  readonly clock?: HurryingClock;
};

/** A replay at work in a test, with all that it delivered and reported. */
export function replay(server: ArchiveServer, changes: Changes = {}): Replayed {
  const clock = changes.clock ?? new HurryingClock([IDLE_MS, TOTAL_MS]);
  const filter = changes.filter ?? { collections: ["app.subcult.*"], dids: [] };
  const abort = new AbortController();
  const told = {
    chunks: [] as ArchiveChunk[],
    notices: [] as ArchiveNotice[],
    failures: [] as Replayed["failures"],
    alerts: [] as number[],
    answered: [] as string[],
    progress: [] as ReplayProgress[],
  };
  const replayed = replayArchive({
    endpoint: parseEndpoint(server.url),
    apiKey: null,
    start: null,
    format: archiveFormat(filter.collections, filter.dids),
    flow: OPEN,
    reconnect: { baseMs: 100, maxMs: 30_000, alertAttempts: 0, maxAttempts: 0 },
    random: () => 0.5,
    ...changes,
    filter,
    clock,
    deliver: (chunk) => {
      const delivered = changes.deliver?.(chunk);
      told.chunks.push(chunk);
      return delivered;
    },
    observer: {
      progress: (progress) => told.progress.push(progress),
      attemptFailed: ({ alerting, ...failure }) => {
        told.failures.push(failure);
        if (alerting) told.alerts.push(failure.failures);
      },
      answered: ({ request }) => told.answered.push(request),
      notice: (notice) => told.notices.push(notice),
    },
    signal: abort.signal,
  });
  const state = (): string => `${told.chunks.length} chunks, ${told.failures.length} failures`;
  const done = within(replayed, "the end of the replay", { state });
  // A test that fails first must not fail twice, and what never ends must not go on behind it.
  done.catch((error) => abort.abort(error));
  return { clock, done, ...told, abort: (reason) => abort.abort(reason) };
}

/** The events of all chunks. */
export function eventsIn(chunks: readonly ArchiveChunk[]): readonly Event[] {
  return chunks.flatMap(({ events }) => events);
}

/** Positions of the events of all chunks. */
export function seqsIn(chunks: readonly ArchiveChunk[]): readonly number[] {
  return eventsIn(chunks).map((event) => positionOf(event)?.cursor ?? -1);
}

export function positionOf(event: Event): Position | null {
  return "position" in event ? event.position : null;
}

/** The rows of a server that a filter of our collections wants, markers included. */
export function wantedSeqs(rows: readonly ArchiveRow[]): readonly number[] {
  return rows.filter(({ collection = "" }) => collection === "" || collection === SCENES)
    .map(({ seq }) => seq);
}

/** A row that creates a scene, or something else in another collection. */
export function record(seq: number, changes: Partial<ArchiveRow> = {}): ArchiveRow {
  const collection = changes.collection ?? SCENES;
  return {
    seq,
    kind: "create",
    did: DIDS[seq % DIDS.length]!,
    collection,
    rkey: `r${seq}`,
    rev: revOf(seq),
    content: { $type: collection, name: `Scene ${seq}` },
    ...changes,
  };
}

/** A row that says something about an account. */
export function marker(
  seq: number,
  kind: "identity" | "account" | "sync",
  did = DIDS[seq % DIDS.length]!,
): ArchiveRow {
  const content = {
    identity: { did, seq, handle: "tides.example.com" },
    account: { did, seq, active: false, status: "deactivated" },
    sync: { did, seq, rev: revOf(seq) },
  }[kind];
  return { seq, kind, did, ...(kind === "sync" ? { rev: revOf(seq) } : {}), content };
}

export const DIDS = [
  "did:plc:tidetablesexample234567a",
  "did:plc:tidetablesexample234567b",
  "did:plc:tidetablesexample234567c",
] as const;

function revOf(seq: number): string {
  const digits = "234567abcdefghijklmnopqrstuvwxyz";
  let rev = "";
  for (let left = seq, i = 0; i < 12; i++, left = Math.floor(left / 32)) {
    rev = digits[left % 32] + rev;
  }
  return `3${rev}`;
}

/** Segments of blocks, some rows each, numbered from 1: scenes, foreign posts and markers mixed. */
export function mixedArchive(segments: number, blocks: number, rows: number): ArchiveBlock[][] {
  let seq = 0;
  const next = (): ArchiveRow => {
    seq++;
    if (seq % 7 === 0) return marker(seq, "account");
    if (seq % 11 === 0) return marker(seq, "identity");
    if (seq % 13 === 0) return marker(seq, "sync");
    return seq % 2 === 0 ? record(seq, { collection: POSTS }) : record(seq);
  };
  return Array.from(
    { length: segments },
    () => Array.from({ length: blocks }, () => blockOf(Array.from({ length: rows }, next))),
  );
}
