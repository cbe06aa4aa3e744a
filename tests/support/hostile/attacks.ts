/** Messages of a hostile server. Each attack ends, and the stream continues after it. */

import { WAITING_LIMIT } from "../../../lib/repository/batch/waiting_limit.ts";
import { encodeFrame, OPCODE } from "../jetstream/websocket_server.ts";
import { type Attack, commit, nextTimeUs } from "./victim.ts";

const MALLORY = "did:plc:mallory";
const MiB = 2 ** 20;

/** Records of a scene with one member given as raw JSON. */
function scene(member: string): string {
  return commit(MALLORY, "scene", `r${nextTimeUs()}`, `{"name":"x",${member}}`);
}

function says(...messages: readonly (string | Uint8Array)[]): Attack {
  return async (peer) => {
    for (const message of messages) await peer.send(message);
  };
}

/** Just below the size limit of a message. */
function large(piece: string, bytes = 7 * MiB): string {
  return piece.repeat(Math.floor(bytes / piece.length));
}

/** Texts on which a careless regular expression would take forever. */
const TRAPS: readonly string[] = [
  "1.1 ",
  "1.1111 ",
  "11.1111111111111111111111111111111111111111111111111",
  "-1.123,",
  "%2C1.1234",
  "%11",
  "1°1",
  "1° 1'",
  "1°1.11111111",
  "geohash:bbbbbbb",
  "geohash ",
  "lat lng ",
  "latitude: 1.123 ",
  "///a.b",
  "///a.a.a",
  "what3words.com/",
  "2222+22",
  "22222222+",
  "+2222",
  "[1.234,",
  '{"a":',
  '[\\"',
  "\\\\\\\\\\",
  " \t",
  "a:b/c?d=e&f#g@h ",
  "b".repeat(64),
  "0".repeat(64),
  "ﷺ",
  "e\u0301\u0301\u0301",
];

/** Keys and texts that another program could interpret as code. */
const INJECTIONS: readonly string[] = [
  "'; drop table records; --",
  '"; drop schema public cascade; --',
  "$1::text || pg_sleep(10)",
  "<script>alert(1)</script>",
  '" onload="alert(1)',
  '\n{"level":"error","message":"forged"}\n',
  "\r\nHTTP/1.1 200 OK\r\n\r\n",
  "\u001b[2J\u001b[31mforged\u0007",
  "\u202eforged\u2028forged",
  "../../../etc/passwd",
  "%00%0a%27",
  "{{constructor.constructor('return 1')()}}",
  "$(reboot) `reboot` ${process}",
  "x".repeat(3000),
];

export const POLLUTION =
  '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},' +
  '"toString":1,"hasOwnProperty":1,"valueOf":null,"toJSON":"x","then":{}';

export const ATTACKS: ReadonlyMap<string, Attack> = new Map<string, Attack>([
  ["a message in parts without end", async (peer) => {
    const part = new Uint8Array(MiB).fill(0x20);
    await peer.raw(encodeFrame(OPCODE.text, "{", false));
    for (let sent = 0; sent < 400 && !peer.isGone; sent++) {
      await peer.raw(encodeFrame(OPCODE.continuation, part, false));
    }
    await peer.gone;
  }],
  ["a frame that declares a petabyte", async (peer) => {
    const header = new Uint8Array(10);
    header.set([0x82, 127, 0, 4]);
    await peer.raw(header);
    await peer.gone;
  }],
  ["messages above the limit", async (peer) => {
    for (let count = 0; count < 4; count++) await peer.send(new Uint8Array(40 * MiB));
  }],
  ["messages that are only just read", async (peer) => {
    for (let count = 0; count < 4; count++) await peer.send("x".repeat(31 * MiB));
  }],
  ["a flood of pings", async (peer) => {
    const pings = new Uint8Array(2 * 10_000);
    for (let at = 0; at < pings.length; at += 2) pings.set([0x89, 0], at);
    for (let count = 0; count < 20; count++) await peer.raw(pings);
  }],
  [
    "nesting without end",
    says(
      large("["),
      large('{"a":'),
      scene(`"tags":${"[".repeat(2 * MiB)}${"]".repeat(2 * MiB)}`),
      scene(`"note":${'{"a":'.repeat(MiB)}1${"}".repeat(MiB)}`),
      scene(`"note":${JSON.stringify("[".repeat(MiB) + "]".repeat(MiB))}`),
      new Uint8Array(7 * MiB).fill(0x81),
      new Uint8Array(7 * MiB).fill(0xd8),
    ),
  ],
  [
    "millions of values",
    says(
      scene(`"tags":[${large('"a",')}"a"]`),
      scene(`"tags":[${large("{},")}1]`),
      scene(`"note":[${large("1,")}1]`),
      scene(`"note":{${Array.from({ length: 400_000 }, (_, n) => `"k${n}":1`).join()}}`),
      ...Array.from({ length: 20 }, () => scene(`"tags":[${large('"tag",', 590_000)}"x"]`)),
      ...Array.from({ length: 20 }, () => scene(`"note":[${large("[],", 290_000)}1]`)),
    ),
  ],
  ["large records in a row", async (peer) => {
    for (let count = 0; count < 120; count++) {
      await peer.send(scene(`"note":"${large("x", MiB - 100)}"`));
    }
  }],
  [
    "numbers that are none",
    says(
      ...["1e999", "-1e999", "9007199254740993", "1".repeat(MiB), "-0", "1e-400", "0.1e1000"]
        .flatMap((n) => [
          scene(`"location":{"lat":${n},"lng":${n},"allowPrecise":true}`),
          scene(`"note":${n}`),
          commit(MALLORY, "alliance", "a", `{"fromSceneId":"a","toSceneId":"b","weight":${n}}`),
          `{"did":"${MALLORY}","time_us":${n},"kind":"commit","commit":{}}`,
        ]),
    ),
  ],
  ["text that is not UTF-8", async (peer) => {
    for (
      const bytes of [[0xff, 0xfe], [0xc0, 0x80], [0xed, 0xa0, 0x80], [
        0xf8,
        0x88,
        0x80,
        0x80,
        0x80,
      ]]
    ) {
      const frame = new TextEncoder().encode(scene('"note":"#"'));
      frame.set(bytes.slice(0, 1), frame.indexOf(0x23));
      await peer.raw(encodeFrame(OPCODE.text, frame));
      await peer.raw(encodeFrame(OPCODE.text, new Uint8Array(bytes)));
    }
    await peer.send(scene('"description":"\\u0000"'));
    await peer.send(scene('"description":"\\ud800"'));
  }],
  [
    "names of prototypes",
    says(
      `{${POLLUTION},${scene(POLLUTION).slice(1)}`,
      scene(`"location":{${POLLUTION},"lat":1,"lng":2}`),
      scene(`"palette":{${POLLUTION}},"tags":["__proto__"]`),
      commit(MALLORY, "__proto__", "x", "{}"),
      commit(MALLORY, "scene", "__proto__", '{"name":"__proto__"}'),
      commit(
        MALLORY,
        "scene",
        "constructor",
        `{"name":"x","note":${JSON.stringify(`{${POLLUTION}}`)}}`,
      ),
      commit(MALLORY, "post", "toString", '{"text":"x","sceneId":"hasOwnProperty"}'),
      `{"did":"did:plc:__proto__","time_us":1,"kind":"account","account":{${POLLUTION},"active":false}}`,
      `{"did":"${MALLORY}","time_us":1,"kind":"__proto__"}`,
    ),
  ],
  [
    "traps for expressions",
    says(
      ...TRAPS.flatMap((trap) => {
        const text = JSON.stringify(
          trap.repeat(Math.ceil(900_000 / trap.length)).slice(0, 900_000),
        );
        return [
          scene(`"description":${text}`),
          commit(MALLORY, "post", "trap", `{"text":"x","sceneId":"x","geo":{"name":${text}}}`),
        ];
      }),
      ...TRAPS.map((trap) => trap.repeat(Math.ceil(2 * MiB / trap.length))),
      commit(`did:plc:${"a".repeat(MiB)}`, "scene", "x", {}),
      commit(`did:${"a:".repeat(MiB)}`, "scene", "x", {}),
      commit(MALLORY, `${"a-".repeat(MiB)}.`, "x", {}),
      commit(
        MALLORY,
        "event",
        "x",
        `{"name":"x","sceneId":"at://did:${"a:".repeat(400_000)}","startsAt":"${
          "2".repeat(400_000)
        }"}`,
      ),
    ),
  ],
  [
    "times at the end of time",
    says(
      ...[
        "+275760-09-13T00:00:00Z",
        "-271821-04-20T00:00:00Z",
        "-000001-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999-23:59",
        "infinity",
        "2026-02-30T00:00:60Z",
        `2026-01-01T00:00:00.${"9".repeat(100_000)}Z`,
      ].flatMap((time) => [
        commit(MALLORY, "event", "time", {
          name: "x",
          sceneId: "x",
          startsAt: time,
          endsAt: time,
          createdAt: time,
        }),
        commit(MALLORY, "membership", "time", { sceneId: "x", since: time }),
      ]),
      ...[
        "0",
        "-1",
        "1",
        "0.5",
        "9007199254740991",
        "9007199254740992",
        "1e300",
        "null",
        '"1"',
        "8640000000000001000",
      ].flatMap((time) => [
        commit(MALLORY, "scene", `t${nextTimeUs()}`, { name: "x" }).replace(
          /"time_us":\d+/,
          `"time_us":${time}`,
        ),
        commit(MALLORY, "scene", `t${nextTimeUs()}`, { name: "x" }).replace(
          /"time_us":/,
          `"cursor":${time},"time_us":`,
        ),
        `{"did":"did:plc:t","time_us":${time},"kind":"account","account":{"active":false,"seq":${time}}}`,
        `{"did":"did:plc:t","time_us":${time},"kind":"identity","identity":{"handle":"x.example","seq":${time}}}`,
      ]),
    ),
  ],
  [
    "references to oneself and in circles",
    says(
      ...["scene", "event", "post", "alliance", "membership", "stream"].flatMap((collection) => {
        const own = `at://${MALLORY}/app.subcult.${collection}/self`;
        const record = { name: "x", text: "x", startsAt: "2026-01-01T00:00:00Z", roomName: "x" };
        return [own, "self", `at://${MALLORY}/app.subcult.event/self`].map((reference) =>
          commit(MALLORY, collection, "self", {
            ...record,
            sceneId: reference,
            eventId: reference,
            fromSceneId: reference,
            toSceneId: reference,
            member: MALLORY,
          })
        );
      }),
    ),
  ],
  [
    "a flood of accounts that nobody knows",
    flooding(40_000, (n) => {
      const did = `did:web:unknown${n}.example`;
      const account = { did, active: n % 3 === 0, status: "deactivated", seq: n };
      const identity = { did, handle: `unknown${n}.example`, seq: n };
      return JSON.stringify(
        n % 2 === 0
          ? { did, time_us: nextTimeUs(), kind: "account", account }
          : { did, time_us: nextTimeUs(), kind: "identity", identity },
      );
    }),
  ],
  [
    "a flood of authors that nobody knows",
    flooding(5_000, (n) => commit(`did:plc:author${n}`, "scene", "home", { name: "x" })),
  ],
  [
    "a flood of children of nothing",
    flooding(WAITING_LIMIT + 2_000, (n) => {
      const sceneId = `at://${MALLORY}/app.subcult.scene/none`;
      return commit(MALLORY, "post", `orphan${n}`, { text: "x", sceneId });
    }),
  ],
  [
    "the same key again and again",
    flooding(10_000, (n) => commit(MALLORY, "scene", "same", { name: `version ${n}` })),
  ],
  [
    "addresses that speak SQL, HTML and terminals",
    says(
      ...INJECTIONS.flatMap((text) => [
        commit(text, "scene", "x", { name: "x" }),
        commit(`did:plc:${text}`, "scene", "x", { name: "x" }),
        commit(MALLORY, text, "x", { name: "x" }),
        commit(MALLORY, "scene", text, { name: "x" }),
        commit(MALLORY, "scene", "x", { name: "x" }, { rev: text, operation: text, cid: text }),
        commit(MALLORY, "scene", `n${nextTimeUs()}`, {
          name: text.slice(0, 200),
          description: text,
          tags: [text],
        }),
        commit(MALLORY, "post", "x", {
          text,
          sceneId: text,
          eventId: `at://${MALLORY}/app.subcult.event/${text}`,
        }),
        JSON.stringify({ did: MALLORY, time_us: nextTimeUs(), kind: text }),
        JSON.stringify({
          did: MALLORY,
          time_us: nextTimeUs(),
          kind: "identity",
          identity: { handle: text },
        }),
        JSON.stringify({
          did: MALLORY,
          time_us: nextTimeUs(),
          kind: "account",
          account: { active: true, status: text },
        }),
        text,
      ]),
    ),
  ],
  [
    "compression bombs",
    says(
      zstdBomb(16 * 1024),
      ...Array.from({ length: 50 }, () => zstdBomb(1024)),
      // A window of half a terabyte, and a content of 16 million terabytes.
      zstdBomb(16, 0xe8),
      new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0xc0, ...new Array(8).fill(0xff), 3, 0, 0x10, 0x61]),
      // An unknown dictionary: the client disconnects, to request plain frames.
      new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x23, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]),
    ),
  ],
  ["a goodbye in hostile words", async (peer) => {
    const words = new TextEncoder().encode(`\n\u001b[31m{"level":"error"}${"x".repeat(80)}`);
    await peer.raw(encodeFrame(OPCODE.close, new Uint8Array([0x0b, 0xb8, ...words])));
    peer.drop();
  }],
]);

/**
 * Many messages. A client that is paused for long leaves with some of them unread, as it should, and
 * asks for them again: so what it has not confirmed by a pong is sent again.
 */
function flooding(count: number, message: (n: number) => string): Attack {
  let confirmed = 0;
  return async (peer) => {
    while (confirmed < count) {
      const end = Math.min(count, confirmed + 1000);
      for (let n = confirmed; n < end; n++) await peer.send(message(n));
      await peer.pingPong();
      if (peer.isGone) return "again";
      confirmed = end;
    }
  };
}

/** A zstd frame (RFC 8878) of blocks that each repeat one byte 128 KiB times; a window of 8 MiB. */
function zstdBomb(blocks: number, window = 0x68): Uint8Array {
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0, window];
  for (let block = 1; block <= blocks; block++) {
    const header = (128 * 1024 << 3) | (1 << 1) | (block === blocks ? 1 : 0);
    frame.push(header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff, 0x61);
  }
  return new Uint8Array(frame);
}
