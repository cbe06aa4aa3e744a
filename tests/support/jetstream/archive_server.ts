/** An archive on loopback: plans, serves segments and blocks, and fails when a test asks for it. */

import {
  type ArchiveBlock,
  type ArchiveRow,
  type ArchiveSegment,
  blockOf,
  segmentOf,
} from "./archive_file.ts";
import { type Answer, RawHttpServer, type Request } from "./archive_http.ts";

export type Method = "planSnapshot" | "getSegment" | "getBlock";

/** Changes the right answer. */
export type Fault = (answer: Answer, request: Request) => Answer;

export interface ArchiveOptions {
  /** Entries on a page of the plan. */
  readonly maxEntries?: number;
  /** If at least this part of a segment's blocks is wanted, the whole segment is planned. */
  readonly wholeFrom?: number;
  /** Plans every block, as filters with many false positives would. */
  readonly selectsAll?: boolean;
  /** Requests need this key. */
  readonly apiKey?: string;
}

interface PlanRequest {
  readonly kinds?: readonly string[];
  readonly dids?: readonly string[];
  readonly collections?: readonly string[];
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
}

interface Range {
  first: number;
  last: number;
}

const PREFIX = "/xrpc/network.bsky.jetstream.";

export class ArchiveServer implements AsyncDisposable {
  readonly requests: (Request & { readonly name: Method })[] = [];
  readonly segments: ArchiveSegment[];
  readonly #options: ArchiveOptions;
  readonly #http = new RawHttpServer((request) => this.#answer(request));
  readonly #faults: { readonly method: Method; readonly fault: Fault; times: number }[] = [];

  constructor(segments: readonly (readonly ArchiveBlock[])[], options: ArchiveOptions = {}) {
    this.segments = segments.map((blocks, index) => segmentOf(index, blocks));
    this.#options = options;
  }

  /** The address of the live stream beside the archive. */
  get url(): string {
    return `ws://127.0.0.1:${this.#http.port}${PREFIX}subscribeEvents`;
  }

  get port(): number {
    return this.#http.port;
  }

  get mostOpen(): number {
    return this.#http.mostOpen;
  }

  /** All rows, in order. */
  get rows(): readonly ArchiveRow[] {
    return this.segments.flatMap(({ blocks }) => blocks.flatMap(({ rows }) => rows));
  }

  get tip(): number {
    return this.segments.at(-1)?.maxSeq ?? 0;
  }

  /** Changes the next answers to a method, after `skip` right ones. */
  fail(method: Method, fault: Fault, times = 1, skip = 0): void {
    if (skip > 0) this.#faults.push({ method, fault: (answer) => answer, times: skip });
    this.#faults.push({ method, fault, times });
  }

  /** Gives right answers from now on. */
  mend(): void {
    this.#faults.length = 0;
  }

  /** How many faults did not happen yet. */
  get unfired(): number {
    return this.#faults.reduce((sum, { times }) => sum + (times === Infinity ? 0 : times), 0);
  }

  /** Requests of one method, in order. */
  asked(method: Method): readonly Request[] {
    return this.requests.filter(({ name }) => name === method);
  }

  /** The bodies of the plan requests. */
  get plans(): readonly PlanRequest[] {
    return this.asked("planSnapshot").map(({ body }) => JSON.parse(body));
  }

  /** Compacts a segment: rows for which `keep` is false are gone, and the file is another. */
  compact(index: number, keep: (row: ArchiveRow) => boolean): void {
    const blocks = this.segments[index]!.blocks.map(({ rows, minSeq, maxSeq }) =>
      blockOf(rows.filter(keep), minSeq, maxSeq)
    );
    this.segments[index] = segmentOf(index, blocks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }

  #answer(request: Request): Answer {
    const name = request.url.pathname.slice(PREFIX.length) as Method;
    this.requests.push({ ...request, name });
    const answer = this.#rightAnswer(name, request);
    const next = this.#faults.find(({ method, times }) => method === name && times > 0);
    if (next === undefined) return answer;
    next.times--;
    return next.fault(answer, request);
  }

  #rightAnswer(name: Method, request: Request): Answer {
    const { apiKey } = this.#options;
    if (apiKey !== undefined && request.headers.get("authorization") !== `Bearer ${apiKey}`) {
      return refusal(401, "AuthRequired", "a key is needed");
    }
    switch (name) {
      case "planSnapshot":
        return this.#plan(request);
      case "getSegment":
        return this.#segment(request);
      case "getBlock":
        return this.#block(request);
    }
  }

  #plan(request: Request): Answer {
    const { wholeFrom = 0.75, maxEntries = 100_000, selectsAll = false } = this.#options;
    const wanted: PlanRequest = JSON.parse(request.body);
    const { afterSeq = 0, beforeSeq = Infinity } = wanted;
    if (request.method !== "POST" || beforeSeq <= afterSeq) {
      return refusal(400, "InvalidRequest", "beforeSeq must be above afterSeq");
    }
    const sealedTipSeq = Math.min(this.tip, beforeSeq);
    let plannedThroughSeq = sealedTipSeq;
    const segments: unknown[] = [];
    let entries = 0;
    plan: for (const [index, segment] of this.segments.entries()) {
      const { blocks, maxSeq } = segment;
      const selected = [...blocks.keys()].filter((i) => isSelected(blocks[i]!, wanted, selectsAll));
      if (selected.length === 0) continue;
      if (selected.length >= wholeFrom * blocks.length) {
        if (entries === maxEntries) break;
        segments.push(plannedEntry(segment, index));
        plannedThroughSeq = maxSeq;
        entries++;
        continue;
      }
      const ranges: Range[] = [];
      if (entries < maxEntries) segments.push(plannedEntry(segment, index, ranges));
      for (const i of selected) {
        const range = ranges.at(-1);
        if (range?.last === i - 1) range.last = i;
        else if (entries === maxEntries) break plan;
        else {
          ranges.push({ first: i, last: i });
          entries++;
        }
        plannedThroughSeq = blocks[i]!.maxSeq;
      }
    }
    if (entries < maxEntries) plannedThroughSeq = sealedTipSeq;
    plannedThroughSeq = Math.min(plannedThroughSeq, sealedTipSeq);
    const stats = { segmentsExamined: 1, segmentsMatched: 1, blocksMatched: 1, entries };
    return json(200, { plannedThroughSeq, sealedTipSeq, segments, stats });
  }

  #segment({ url, headers }: Request): Answer {
    const segment = this.segments.find(({ name }) => name === url.searchParams.get("name"));
    if (segment === undefined) return refusal(404, "SegmentNotFound", "no such segment");
    const { file, checksum } = segment;
    const own = { "ETag": `"${checksum}"`, "Content-Type": "application/octet-stream" };
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "");
    if (range === null || headers.get("if-range") !== `"${checksum}"`) {
      return { status: 200, headers: own, body: file };
    }
    const first = Number(range[1]);
    const last = Math.min(Number(range[2]), file.length - 1);
    if (first > last) return { status: 416, headers: own, body: new Uint8Array() };
    return {
      status: 206,
      headers: { ...own, "Content-Range": `bytes ${first}-${last}/${file.length}` },
      body: file.subarray(first, last + 1),
    };
  }

  #block({ url }: Request): Answer {
    const segment = this.segments.find(({ name }) => name === url.searchParams.get("segment"));
    if (segment === undefined) return refusal(404, "SegmentNotFound", "no such segment");
    const index = Number(url.searchParams.get("blockIndex"));
    const block = segment.blocks[index];
    if (block === undefined) return refusal(404, "BlockNotFound", "no such block");
    return {
      status: 200,
      headers: { "ETag": `"${segment.checksum}:${index}"` },
      body: block.frame,
    };
  }
}

/** A segment in a plan: the whole file, or some blocks of it. */
export function plannedEntry(
  { name, checksum, minSeq, maxSeq }: ArchiveSegment,
  index: number,
  blocks: readonly Range[] | null = null,
): Readonly<Record<string, unknown>> {
  const entry = { name, index, checksum, minSeq, maxSeq };
  return blocks === null ? { ...entry, mode: "segment" } : { ...entry, mode: "blocks", blocks };
}

/** As the server's bloom filters would say, with or without false positives. */
function isSelected(block: ArchiveBlock, wanted: PlanRequest, selectsAll: boolean): boolean {
  const { kinds = [], dids = [], collections = [], afterSeq = 0, beforeSeq = Infinity } = wanted;
  if (block.maxSeq <= afterSeq || block.minSeq > beforeSeq) return false;
  return selectsAll || block.rows.some(({ kind, did, collection }) => {
    const publicKind = ["identity", "account", "sync"].includes(kind) ? kind : "commit";
    if (kinds.length > 0 && !kinds.includes(publicKind)) return false;
    if (dids.length > 0 && !dids.includes(did)) return false;
    if (publicKind !== "commit" || collections.length === 0) return true;
    return collections.some((pattern) =>
      pattern.endsWith(".*") ? collection?.startsWith(pattern.slice(0, -1)) : collection === pattern
    );
  });
}

export function json(status: number, value: unknown): Answer {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return { status, headers: { "Content-Type": "application/json" }, body };
}

/** The JSON error of an XRPC server. */
export function refusal(
  status: number,
  error: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const answer = json(status, { error, message });
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** Faults that a test names. */
export const FAULTS = {
  refuses: (
    status: number,
    headers: Readonly<Record<string, string>> = {},
  ): Fault =>
  () => ({ status, headers, body: new TextEncoder().encode("try later") }),
  answers: (answer: Answer): Fault => () => answer,
  drops: ((answer) => ({ ...answer, dropped: true })) as Fault,
  cuts: ((answer) => ({ ...answer, cutAt: Math.floor(answer.body.length / 2) })) as Fault,
  /** The declared length is that of the part, as a broken proxy would have it. */
  shortens: ((answer) => ({ ...answer, body: answer.body.subarray(0, -1) })) as Fault,
  /** One bit, in the middle. */
  flips: ((answer) => {
    const body = answer.body.slice();
    const at = Math.floor(body.length / 2);
    body[at] = body[at]! ^ 1;
    return { ...answer, body };
  }) as Fault,
} as const;
