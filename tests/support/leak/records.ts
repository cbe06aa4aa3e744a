/** Valid records of every collection, and the fields that can contain text. */

import type { Json, JsonObject } from "../../../lib/decoder/json.ts";

/** Whose records they are. The author has the scenes `home` and `away`. */
export const AUTHOR = "did:plc:leakauthor";

/** The least that each collection accepts. `badge` has no table. */
export const RIGHT: Readonly<Record<string, JsonObject>> = {
  scene: { name: "A scene" },
  event: { name: "A night", sceneId: "home", startsAt: "2024-06-01T20:00:00Z" },
  post: { text: "A word", sceneId: "home" },
  alliance: { fromSceneId: "home", toSceneId: "away" },
  membership: { sceneId: "home" },
  stream: { sceneId: "home", roomName: "room" },
  badge: { name: "A badge" },
};

export const COLLECTIONS: readonly string[] = Object.keys(RIGHT);

type Put = (text: string) => JsonObject;

const TEXT: Readonly<Record<string, readonly Put[]>> = {
  scene: [
    (text) => ({ name: text }),
    (text) => ({ description: `Before. ${text} After.` }),
    (text) => ({ tags: ["one", text] }),
    (text) => ({ visibility: text }),
    (text) => ({ palette: { primary: text, other: text } }),
  ],
  event: [
    (text) => ({ name: text }),
    (text) => ({ title: text, description: text }),
    (text) => ({ tags: [text] }),
    (text) => ({ startsAt: text }),
    (text) => ({ status: text }),
    (text) => ({ sceneId: text }),
  ],
  post: [
    (text) => ({ text }),
    (text) => ({ attachments: [{ url: text, type: "image/png" }] }),
    (text) => ({ attachments: [{ key: text }, { url: [text] }] }),
    (text) => ({ labels: [text] }),
    (text) => ({ sceneId: text }),
    (text) => ({ sceneId: `at://${text}/app.subcult.scene/home` }),
  ],
  alliance: [
    (text) => ({ reason: text }),
    (text) => ({ weight: text }),
    (text) => ({ toSceneId: text }),
  ],
  membership: [
    (text) => ({ role: text }),
    (text) => ({ member: text }),
    (text) => ({ since: text }),
  ],
  stream: [
    (text) => ({ roomName: text }),
    (text) => ({ featuredParticipant: text }),
    (text) => ({ startedAt: text }),
  ],
  badge: [(text) => ({ name: text }), (text) => ({ [text.slice(0, 200)]: text })],
};

const EVERYWHERE: readonly Put[] = [(text) => ({ $type: text }), (text) => ({ createdAt: text })];

/** Records of a collection with a text in one field after the other, accepted or not. */
export function withText(collection: string, text: string): JsonObject[] {
  const puts = [...TEXT[collection] ?? [], ...EVERYWHERE];
  return puts.map((put) => ({ ...RIGHT[collection], ...put(text) }));
}

/** Records of a collection with a value where nobody expects it. */
export function withValue(collection: string, value: Json): JsonObject[] {
  const right = RIGHT[collection] ?? {};
  const [first = "name"] = Object.keys(right);
  return [
    { ...right, note: value },
    { ...right, embed: { items: [{ deep: [value] }] } },
    { ...right, venue: value },
    // Not what the schema wants, so the record is rejected and kept as a dead letter.
    { ...right, [first]: value },
  ];
}
