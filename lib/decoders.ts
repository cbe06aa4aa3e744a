/** The decoder of each connection's protocol. */

import type { Endpoint, Protocol } from "./client/endpoint.ts";
import type { Decoder, DecoderOptions } from "./decoder/decoder.ts";
import { DEFAULT_LIMITS } from "./decoder/limits.ts";
import { createV1Decoder } from "./decoder/v1.ts";
import { createV2Decoder } from "./decoder/v2.ts";
import { readWanted } from "./decoder/wanted.ts";
import { coarsen } from "./mapper/consent.ts";

/** Coarsening happens in the decoder: nothing behind it ever holds a place that is not shared. */
export function createDecoders(
  wantedCollections: readonly string[],
): (endpoint: Endpoint) => Decoder {
  const options: DecoderOptions = {
    wanted: readWanted(wantedCollections),
    coarsen,
    limits: DEFAULT_LIMITS,
  };
  const decoders: Readonly<Record<Protocol, Decoder>> = {
    v1: createV1Decoder(options),
    v2: createV2Decoder(options),
    firehose: createV1Decoder(options),
  };
  return ({ protocol }) => decoders[protocol];
}
