/** The decoder of each protocol, and the dictionaries that compressed connections need. */

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
  /** Empty: all. The raw firehose is filtered here; the others filter at the server. */
  readonly wantedDids: readonly string[];
  /** Takes places out that are not shared. Only a test takes another one. */
  readonly coarsen?: Coarsen;
}

export interface Decoders {
  for(protocol: Protocol): Decoder;
  readonly archive: ArchiveFormat;
  /** A record that was read at its source. */
  source(record: SourceRecordParts): Event;
  /** Makes a dictionary known, and returns its id. */
  addDictionary(dictionary: Uint8Array): number;
}

/**
 * Coarsening happens in the decoders: nothing behind them ever holds a place that is not shared.
 */
export function createDecoders(given: DecodersOptions): Decoders {
  const options: DecoderOptions = {
    wanted: readWanted(given.wantedCollections),
    coarsen: given.coarsen ?? coarsen,
    limits: DEFAULT_LIMITS,
  };
  // As much as a message that is not compressed may have.
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

/** The archive's servers send whole blocks, so rows are filtered here, by DIDs too. */
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
