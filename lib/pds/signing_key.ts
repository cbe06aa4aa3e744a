/** The key that signs a repository, as the document of its owner names it. */

import { type FoundPublicKey, getPublicKeyFromDidController } from "@atcute/crypto";

/** How documents write a key: `Multikey` today, and two types for the curves before. */
type Material = Parameters<typeof getPublicKeyFromDidController>[0];

const COMPRESSED_BYTES = 33;
const WHOLE_BYTES = 65;

/** Throws for what is no key. */
export function signingKeyOf(material: Material): FoundPublicKey {
  const found = getPublicKeyFromDidController(material);
  return { ...found, publicKeyBytes: compressed(found.publicKeyBytes) };
}

/** The older types name a point by both of its coordinates: what verifies takes one, and the sign of the other. */
function compressed(point: Uint8Array): Uint8Array<ArrayBuffer> {
  if (point.length === COMPRESSED_BYTES) return new Uint8Array(point);
  if (point.length !== WHOLE_BYTES || point[0] !== 4) {
    throw new TypeError(`expected the point of a key, got ${point.length} bytes`);
  }
  const key = new Uint8Array(point.subarray(0, COMPRESSED_BYTES));
  key[0] = 2 + ((point[WHOLE_BYTES - 1] ?? 0) & 1);
  return key;
}
