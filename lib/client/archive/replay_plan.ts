import type { ArchiveClient } from "./archive_client.ts";
import { DamageError, reading } from "./archive_error.ts";

/** What is wanted of the archive. */
export interface ArchiveFilter {
  /** NSIDs or `prefix.*`, at most 100; they filter commits only. */
  readonly collections: readonly string[];
  /** DIDs, at most 10,000; empty for every account. They filter everything. */
  readonly dids: readonly string[];
}

/** A segment with wanted rows. */
export interface PlannedSegment {
  readonly name: string;
  /** Sixteen lower-case hex digits; identifies the generation of the file. */
  readonly checksum: string;
  readonly minSeq: number;
  readonly maxSeq: number;
  /** The wanted blocks, as ranges with both ends included; null for the whole file. */
  readonly blocks: readonly BlockRange[] | null;
}

export interface BlockRange {
  readonly first: number;
  readonly last: number;
}

/** One page of a plan: a superset of what is wanted up to `plannedThroughSeq`. */
export interface PlanPage {
  readonly plannedThroughSeq: number;
  /** The end of the archive; 0 when it is empty. */
  readonly sealedTipSeq: number;
  readonly segments: readonly PlannedSegment[];
}

/** A page has at most 100,000 units of work, a few megabytes. */
const MAX_PLAN_BYTES = 32 * 1024 * 1024;

/** Lists and objects: a few per unit. An empty one takes ten times its size when parsed. */
const MAX_PLAN_NODES = 1_000_000;

/**
 * Requests what to download for the rows after `afterSeq` up to `beforeSeq`; null for the end of the archive.
 *
 * `kinds` is not limited, as on the live stream, which is expensive: almost every block of the network holds
 * some account event, so almost every block is selected (72,657 where 416 held commits of the collection, by
 * the server's own measurement). But only account events say that an account was deleted or a repository
 * rebuilt, and a replay must not bring deleted records back. `dids` narrows both.
 *
 * @throws {ArchiveDamagedError} when the answer is repeatedly invalid
 * @throws whatever `ArchiveClient.request` throws
 */
export async function requestPlan(
  client: ArchiveClient,
  filter: ArchiveFilter,
  { afterSeq, beforeSeq }: { readonly afterSeq: number; readonly beforeSeq: number | null },
  signal: AbortSignal,
): Promise<PlanPage> {
  const { collections, dids } = filter;
  const body = JSON.stringify({
    ...(collections.length > 0 ? { collections } : {}),
    ...(dids.length > 0 ? { dids } : {}),
    afterSeq,
    ...(beforeSeq === null ? {} : { beforeSeq }),
  });
  return await client.undamaged("the plan", signal, async () => {
    const request = {
      method: "planSnapshot",
      body,
      expects: 200,
      maxBytes: MAX_PLAN_BYTES,
    } as const;
    const { bytes } = await client.request(request, signal);
    const page: unknown = reading(() => {
      checkNodes(bytes);
      return JSON.parse(new TextDecoder().decode(bytes));
    });
    return readPage(page);
  });
}

function readPage(value: unknown): PlanPage {
  const { plannedThroughSeq, sealedTipSeq, segments } = fields(value, "the plan");
  // Go writes an empty list as null.
  const list = segments ?? [];
  if (!Array.isArray(list)) throw new DamageError("got segments that are not a list");
  const page = {
    plannedThroughSeq: whole(plannedThroughSeq, "plannedThroughSeq"),
    sealedTipSeq: whole(sealedTipSeq, "sealedTipSeq"),
    segments: list.map(readSegment),
  };
  for (const [i, segment] of page.segments.entries()) {
    const before = page.segments[i - 1];
    if (before !== undefined && segment.minSeq <= before.maxSeq) {
      throw new DamageError(`got ${segment.name} behind ${before.name}, expected them in order`);
    }
  }
  return page;
}

const NAME = /^[A-Za-z0-9_-]{1,64}\.jss$/;
const CHECKSUM = /^[0-9a-f]{16}$/;

function readSegment(value: unknown): PlannedSegment {
  const { name, checksum, minSeq, maxSeq, mode, blocks } = fields(value, "a segment");
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new DamageError("got a segment without a valid name");
  }
  if (typeof checksum !== "string" || !CHECKSUM.test(checksum)) {
    throw new DamageError(`got ${name} without a valid checksum`);
  }
  const range = { minSeq: whole(minSeq, "minSeq"), maxSeq: whole(maxSeq, "maxSeq") };
  if (range.maxSeq < range.minSeq) throw new DamageError(`got ${name} with its bounds reversed`);
  if (mode === "segment") return { name, checksum, ...range, blocks: null };
  // An unknown mode can't be interpreted, and what it selects must not be skipped.
  if (mode !== "blocks" || !Array.isArray(blocks)) {
    throw new DamageError(`got ${name} in an unknown mode, expected segment or blocks`);
  }
  return { name, checksum, ...range, blocks: blocks.map(readRange(name)) };
}

function readRange(name: string): (value: unknown, index: number, all: unknown[]) => BlockRange {
  let before = -1;
  return (value) => {
    const { first, last } = fields(value, "a range of blocks");
    const range = { first: whole(first, "first"), last: whole(last, "last") };
    if (range.first <= before || range.last < range.first) {
      throw new DamageError(`got blocks of ${name} out of order`);
    }
    before = range.last;
    return range;
  };
}

function fields(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { ...value };
  }
  throw new DamageError(`got another type for ${what}, expected an object`);
}

function whole(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new DamageError(`got no valid ${name}, expected a whole number from 0 on`);
}

function checkNodes(json: Uint8Array): void {
  let nodes = 0;
  for (const byte of json) if (byte === OPENING_BRACKET || byte === OPENING_BRACE) nodes++;
  if (nodes > MAX_PLAN_NODES) {
    throw new Error(`got ${nodes} lists and objects, expected at most ${MAX_PLAN_NODES}`);
  }
}

const OPENING_BRACKET = "[".charCodeAt(0);
const OPENING_BRACE = "{".charCodeAt(0);
