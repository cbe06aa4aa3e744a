import { encode } from "@atcute/cbor";
import { CODEC_DCBOR, create, toString } from "@atcute/cid";
import assert from "node:assert/strict";
import type { Commit, Event } from "../../lib/decoder/event.ts";
import { only, v1 } from "../support/decoder_samples.ts";
import { corpusLines, WITHOUT_CORPUS } from "../support/corpus.ts";

const lines = corpusLines() ?? [];
const missing = lines.length === 0;
const EVERYTHING = ["app.bsky.*", "chat.bsky.*"];

function decodeAll(): Event[] {
  const wanted = new Set(EVERYTHING);
  for (const line of lines) {
    const collection = JSON.parse(line).commit?.collection;
    if (typeof collection === "string") wanted.add(collection);
  }
  const decoder = v1({ wanted: [...wanted] });
  return lines.map((line) => only(decoder, line));
}

Deno.test({
  name: `the 152 production events decode to what they say${WITHOUT_CORPUS}`,
  ignore: missing,
  fn: () => {
    const events = decodeAll();
    const count = (kind: string): number => events.filter((event) => event.kind === kind).length;
    assert.deepEqual([events.length, count("commit"), count("identity"), count("account")], [
      152,
      150,
      1,
      1,
    ]);
    events.forEach((event, i) => {
      const line = JSON.parse(lines[i] ?? "");
      const position = { cursor: line.time_us, timeUs: line.time_us };
      if (event.kind === "commit") {
        const { record = null, cid = null, ...address } = line.commit;
        assert.deepEqual(event, {
          kind: "commit",
          did: line.did,
          ...address,
          cid,
          record,
          refusal: null,
          remains: null,
          size: event.size,
          position,
        });
      } else if (event.kind === "identity") {
        const { handle, seq } = line.identity;
        assert.deepEqual(event, {
          kind: "identity",
          did: line.did,
          handle,
          relaySeq: seq,
          position,
        });
      } else if (event.kind === "account") {
        const { active, seq, status = null } = line.account;
        const account = { kind: "account", did: line.did, active, status, relaySeq: seq, position };
        assert.deepEqual(event, account);
      } else assert.fail(event.kind);
    });
  },
});

Deno.test({
  name: `the CIDs of all 146 production records recompute from what was decoded${WITHOUT_CORPUS}`,
  ignore: missing,
  fn: async () => {
    const commits = decodeAll().filter((event): event is Commit => event.kind === "commit");
    const written = commits.filter((commit) => commit.operation !== "delete");
    assert.equal(written.length, 146);
    for (const { record, cid } of written) {
      assert.ok(record !== null);
      const bytes = new Uint8Array(encode(record));
      assert.equal(toString(await create(CODEC_DCBOR, bytes)), cid);
    }
  },
});

Deno.test({
  name:
    `production events give the same as CBOR frames, and are foreign to another app${WITHOUT_CORPUS}`,
  ignore: missing,
  fn: () => {
    const everything = v1({ wanted: EVERYTHING });
    for (const line of lines) {
      assert.deepEqual(
        only(everything, encode(JSON.parse(line))),
        only(everything, line),
      );
      const isCommit = JSON.parse(line).kind === "commit";
      assert.equal(v1().isForeign(line), isCommit);
      assert.equal(only(v1(), line).kind === "foreign", isCommit);
    }
  },
});
