/** Repositories as their owners sign them, for the tests of what reads them. */

import { writeCarStream } from "@atcute/car";
import { encode, toBytes } from "@atcute/cbor";
import { type CidLink, CODEC_DCBOR, create, fromString, toCidLink, toString } from "@atcute/cid";
import type { PrivateKey } from "@atcute/crypto";
import { MemoryBlockStore, NodeStore, NodeWrangler } from "npm:@atcute/mst@1.0.3";

/** Records by path, `collection/rkey`. */
export type RecordsByPath = ReadonlyMap<string, unknown>;

export async function signedCar(
  did: string,
  rev: string,
  records: RecordsByPath,
  key: PrivateKey,
): Promise<Uint8Array> {
  const store = new MemoryBlockStore();
  const tree = new NodeWrangler(new NodeStore(store));
  let root = await tree.ns.get(null).then((empty) => tree.ns.put(empty)).then((node) => node.cid())
    .then(({ $link }) => $link);
  for (const [path, record] of records) {
    root = await tree.putRecord(root, path, await put(store, record));
  }
  const unsigned = { version: 3, did, data: toCidLink(fromString(root)), rev, prev: null };
  const signature = await key.sign(encode(unsigned));
  const commit = await put(store, { ...unsigned, sig: toBytes(signature) });
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const blocks = [...store.blocks].map(([cid, data]) => ({ cid: fromString(cid).bytes, data }));
  for await (const chunk of writeCarStream([commit], blocks)) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function put(store: MemoryBlockStore, value: unknown): Promise<CidLink> {
  const bytes = encode(value);
  const cid = await create(CODEC_DCBOR, bytes);
  await store.put(toString(cid), bytes);
  return toCidLink(cid);
}
