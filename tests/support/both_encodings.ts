/** Values as JSON text and as DAG-CBOR, also those that an encoder wouldn't write. */

import { toBase32, toBase58Btc } from "@atcute/multibase";
import { concat } from "./decoder_binary_samples.ts";

/** A value as JSON text and as DAG-CBOR. */
export interface Both {
  readonly json: string;
  readonly cbor: Uint8Array;
}

export function head(type: number, argument: bigint): Uint8Array {
  if (argument < 24n) return Uint8Array.of(type << 5 | Number(argument));
  const [info, width] = argument < 0x100n
    ? [24, 1]
    : argument < 0x1_0000n
    ? [25, 2]
    : argument < 0x1_0000_0000n
    ? [26, 4]
    : [27, 8];
  const bytes = Array.from(
    { length: width },
    (_, at) => Number(argument >> BigInt(8 * (width - 1 - at)) & 255n),
  );
  return Uint8Array.of(type << 5 | info, ...bytes);
}

export function integer(value: bigint): Both {
  return { json: `${value}`, cbor: value < 0n ? head(1, -1n - value) : head(0, value) };
}

export function double(value: number): Both {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  // With an exponent, so that JSON parses it as a double too.
  return { json: value.toExponential(), cbor: concat(Uint8Array.of(0xfb), bytes) };
}

export function text(value: string): Both {
  const bytes = new TextEncoder().encode(value);
  return { json: JSON.stringify(value), cbor: concat(head(3, BigInt(bytes.length)), bytes) };
}

export function list(...items: readonly Both[]): Both {
  return {
    json: `[${items.map(({ json }) => json).join(",")}]`,
    cbor: concat(head(4, BigInt(items.length)), ...items.map(({ cbor }) => cbor)),
  };
}

export function object(members: Readonly<Record<string, Both>>): Both {
  const sorted = Object.entries(members).toSorted(([a], [b]) =>
    a.length - b.length || (a < b ? -1 : 1)
  );
  return {
    json: `{${sorted.map(([key, { json }]) => `${JSON.stringify(key)}:${json}`).join(",")}}`,
    cbor: concat(
      head(5, BigInt(sorted.length)),
      ...sorted.flatMap(([key, { cbor }]) => [text(key).cbor, cbor]),
    ),
  };
}

/** A link to a CID, and its text. */
export function link(cid: Uint8Array): Both {
  const written = cid[0] === 0x12 ? toBase58Btc(cid) : `b${toBase32(cid)}`;
  const bytes = concat(Uint8Array.of(0), cid);
  return {
    json: JSON.stringify({ $link: written }),
    cbor: concat(Uint8Array.of(0xd8, 42), head(2, BigInt(bytes.length)), bytes),
  };
}
