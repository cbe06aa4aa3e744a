/** `app.subcult.post`: a post in any scene, at any event, or both. */

import { z } from "zod";
import type { Collection, Reference } from "./collection.ts";
import { list, reference, requiredText, tags } from "./field.ts";
import { mapBy } from "./shape.ts";

const Attachment = z.object({
  url: z.string().nullish(),
  key: z.string().nullish(),
  type: z.string().nullish(),
  sizeBytes: z.int().min(0).nullish(),
  width: z.int().min(0).nullish(),
  height: z.int().min(0).nullish(),
  durationSeconds: z.number().min(0).nullish(),
});

const PostRecord = z.object({
  text: requiredText(5000),
  sceneId: reference().nullish(),
  eventId: reference().nullish(),
  attachments: list(Attachment, 6).nullish(),
  labels: tags().nullish(),
});

const SCENE: Reference = {
  field: "sceneId",
  column: "scene_id",
  target: "app.subcult.scene",
  owned: false,
};

const EVENT: Reference = {
  field: "eventId",
  column: "event_id",
  target: "app.subcult.event",
  owned: false,
};

export const post: Collection = {
  nsid: "app.subcult.post",
  table: "posts",
  columns: [
    { name: "text", type: "text" },
    { name: "author_did", type: "text" },
    { name: "attachments", type: "jsonb" },
    { name: "labels", type: "text[]", merged: true },
  ],
  references: [SCENE, EVENT],
  map: mapBy(PostRecord, ({ text, sceneId, eventId, attachments, labels }, { key }) => {
    const references = [];
    if (sceneId) references.push({ reference: SCENE, value: sceneId });
    if (eventId) references.push({ reference: EVENT, value: eventId });
    if (references.length === 0) {
      return { reason: "missing_field", detail: "sceneId, eventId: expected at least one of them" };
    }
    const row = {
      text,
      author_did: key.did,
      attachments: (attachments ?? []).map(storedAttachment),
      labels: labels ?? [],
    };
    return { row, references };
  }),
};

/** The keys that the app's API reads. Empty texts and zeros are left out, as it does. */
function storedAttachment(item: z.output<typeof Attachment>): Record<string, string | number> {
  return {
    ...(item.url && { url: item.url }),
    ...(item.key && { key: item.key }),
    ...(item.type && { type: item.type }),
    ...(item.sizeBytes && { size_bytes: item.sizeBytes }),
    ...(item.width && { width: item.width }),
    ...(item.height && { height: item.height }),
    ...(item.durationSeconds && { duration_seconds: item.durationSeconds }),
  };
}
