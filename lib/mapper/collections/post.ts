/** `app.subcult.post`: a post in any scene, at any event, or both. */

import { z } from "zod";
import lexicon from "../../../lexicons/app/subcult/post.json" with { type: "json" };
import { Attachment, storedAttachments } from "../attachment.ts";
import type { Collection, Reference } from "../collection.ts";
import { list, reference, requiredText, tags } from "../field.ts";
import { mapBy } from "../validate_record.ts";

const MAX_ATTACHMENTS = 6;

export const PostRecord = z.object({
  text: requiredText(5000),
  sceneId: reference().nullish(),
  eventId: reference().nullish(),
  attachments: list(Attachment, MAX_ATTACHMENTS).nullish(),
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
  lexicon,
  mapping: 1,
  table: "posts",
  columns: [
    { name: "text", type: "text" },
    { name: "author_did", type: "text" },
    { name: "attachments", type: "jsonb" },
    { name: "labels", type: "text[]", merged: true },
  ],
  references: [SCENE, EVENT],
  map: mapBy(PostRecord, ({ text, sceneId, eventId, attachments, labels }, { key }) => {
    if (!sceneId && !eventId) {
      return { reason: "missing_field", detail: "sceneId, eventId: expected at least one of them" };
    }
    const stored = (attachments ?? []).flatMap(storedAttachments);
    if (stored.length > MAX_ATTACHMENTS) {
      const got = `got ${stored.length} in all, expected at most ${MAX_ATTACHMENTS}`;
      return { reason: "too_many", detail: `attachments: ${got}` };
    }
    const row = {
      text,
      author_did: key.did,
      attachments: stored,
      labels: labels ?? [],
    };
    return { row };
  }),
};
