/** The key that signs a repository, from the owner's DID document. */

import { type FoundPublicKey, getPublicKeyFromDidController } from "@atcute/crypto";

/** The forms of a key in documents: `Multikey` today, and two older types, one per curve. */
type Material = Parameters<typeof getPublicKeyFromDidController>[0];

const COMPRESSED_BYTES = 33;
const WHOLE_BYTES = 65;

/** Throws when the key is invalid. */
export function signingKeyOf(material: Material): FoundPublicKey {
  const found = getPublicKeyFromDidController(material);
  return { ...found, publicKeyBytes: compressed(found.publicKeyBytes) };
}

/**
 * The older types have both coordinates of a point; the verifier takes one coordinate and the sign of the
 * other.
 */
function compressed(point: Uint8Array): Uint8Array<ArrayBuffer> {
  if (point.length === COMPRESSED_BYTES) return new Uint8Array(point);
  if (point.length !== WHOLE_BYTES || point[0] !== 4) {
    throw new TypeError(`expected the point of a key, got ${point.length} bytes`);
  }
  const key = new Uint8Array(point.subarray(0, COMPRESSED_BYTES));
  key[0] = 2 + ((point[WHOLE_BYTES - 1] ?? 0) & 1);
  return key;
}
