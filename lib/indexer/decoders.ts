/** The decoder of each protocol, and the dictionaries for compressed connections. */

import type { ArchiveFormat } from "../client/archive/archive_format.ts";
import type { Protocol } from "../client/endpoint.ts";
import { eventsOf } from "../decoder/archive/block_events.ts";
import { BlockDecoder } from "../decoder/archive/block_frame.ts";
import { createCompressedDecoder } from "../decoder/wire/compressed.ts";
import type { Coarsen, Decoder, DecoderOptions } from "../decoder/wire/decoder.ts";
import { createFirehoseDecoder } from "../decoder/wire/firehose.ts";
import { DEFAULT_LIMITS } from "../decoder/limits.ts";
import {
  readSegmentHeader,
  readSegmentIndex,
  SEGMENT_HEADER_BYTES,
  segmentFrame,
} from "../decoder/archive/segment.ts";
import type { Event } from "../decoder/event.ts";
import { readSourceRecord, type SourceRecordParts } from "../decoder/wire/source_record.ts";
import { createV1Decoder } from "../decoder/wire/v1.ts";
import { createV2Decoder } from "../decoder/wire/v2.ts";
import { readWanted } from "../decoder/wanted.ts";
import { ZstdDictionaries } from "../decoder/wire/zstd_dictionaries.ts";
import { coarsen } from "../mapper/consent/consent.ts";

export interface DecodersOptions {
  readonly wantedCollections: readonly string[];
  /** Empty: all. Only the raw firehose is filtered here; other servers filter themselves. */
  readonly wantedDids: readonly string[];
  /** Removes places without consent. Only tests replace it. */
  readonly coarsen?: Coarsen;
}

export interface Decoders {
  for(protocol: Protocol): Decoder;
  readonly archive: ArchiveFormat;
  /** A record that was read from its repository. */
  source(record: SourceRecordParts): Event;
  /** Registers a dictionary and returns its id. */
  addDictionary(dictionary: Uint8Array): number;
}

/** The decoders remove places without consent: nothing behind them ever holds one. */
export function createDecoders(given: DecodersOptions): Decoders {
  const options: DecoderOptions = {
    wanted: readWanted(given.wantedCollections),
    coarsen: given.coarsen ?? coarsen,
    limits: DEFAULT_LIMITS,
  };
  // The size limit of an uncompressed message.
  const zstd = new ZstdDictionaries(options.limits.messageBytes);
  const dids = given.wantedDids.length > 0 ? new Set(given.wantedDids) : undefined;
  const decoders: Readonly<Record<Protocol, Decoder>> = {
    v1: createCompressedDecoder(createV1Decoder(options), zstd),
    v2: createCompressedDecoder(createV2Decoder(options), zstd),
    firehose: createFirehoseDecoder(dids === undefined ? options : { ...options, dids }),
  };
  return {
    archive: archiveFormat(options, dids),
    for: (protocol) => decoders[protocol],
    source: (record) => readSourceRecord(record, options),
    addDictionary: (dictionary) => zstd.add(dictionary),
  };
}

/** Archive servers send whole blocks, so rows are filtered here, by DID too. */
function archiveFormat(
  options: DecoderOptions,
  dids: ReadonlySet<string> | undefined,
): ArchiveFormat {
  const decoder = new BlockDecoder();
  const only = dids === undefined ? {} : { dids };
  return {
    headerBytes: SEGMENT_HEADER_BYTES,
    segmentHeader: readSegmentHeader,
    segmentIndex: readSegmentIndex,
    segmentFrame,
    block: (frame, expected) => decoder.decode(frame, expected),
    events: (block, first, end) => eventsOf(block, options, { first, end, ...only }),
  };
}
