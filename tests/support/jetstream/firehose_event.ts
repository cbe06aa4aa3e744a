/** Events as a relay sends them: frames of `com.atproto.sync.subscribeRepos`. */

import { encode, toBytes } from "@atcute/cbor";
import { carOf, firehoseFrame, linkTo } from "../decoder_binary_samples.ts";
import type { CommitBody, JetstreamEvent } from "./stored_event.ts";

/** The frame of a commit of one operation, an account or an identity event. */
export function firehoseEvent(event: JetstreamEvent, seq: number, timeUs: number): Uint8Array {
  const { did, kind, commit } = event;
  const time = new Date(timeUs / 1000).toISOString();
  if (kind === "commit" && commit !== undefined) return commitFrame(did, commit, seq, time);
  const body = kind === "account" ? event.account : kind === "identity" ? event.identity : null;
  if (typeof body !== "object" || body === null) {
    throw new TypeError(`cannot make a frame: got a ${kind} event, expected one that relays send`);
  }
  // `undefined` is no value of DAG-CBOR.
  const present = Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== undefined),
  );
  return firehoseFrame({ op: 1, t: `#${kind}` }, { ...present, did, seq, time });
}

function commitFrame(did: string, body: CommitBody, seq: number, time: string): Uint8Array {
  const { rev, operation, collection, rkey } = body;
  const record = encode(body.record ?? {});
  const unsigned = { did, rev, version: 3, prev: null, data: linkTo(record) };
  const commit = encode({ ...unsigned, sig: toBytes(new Uint8Array(64)) });
  const blocks = [[linkTo(commit), commit], [linkTo(record), record]] as const;
  return firehoseFrame({ op: 1, t: "#commit" }, {
    seq,
    repo: did,
    rev,
    since: null,
    commit: linkTo(commit),
    blocks: toBytes(carOf([linkTo(commit)], blocks)),
    ops: [{
      action: operation,
      path: `${collection}/${rkey}`,
      cid: operation === "delete" ? null : linkTo(record),
    }],
    blobs: [],
    rebase: false,
    tooBig: false,
    time,
  });
}
