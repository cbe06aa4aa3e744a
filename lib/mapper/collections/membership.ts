/**
 * `app.subcult.membership`. In the member's own repository it is a request and grants nothing. In the
 * repository of the scene's owner, with `member` set to a DID, it is the owner's decision: an invitation if
 * that account never made a request, otherwise the answer to a request, which ends with the request.
 */

import { z } from "zod";
import lexicon from "../../../lexicons/app/subcult/membership.json" with { type: "json" };
import { isDid } from "../../decoder/address.ts";
import type { Collection, Reference } from "../collection.ts";
import { type FieldMeta, type FieldRefusal, reference, time, weight } from "../field.ts";
import { mapBy } from "../validate_record.ts";

const MEMBER_REFUSAL = { reason: "invalid_did", expected: "a DID" } satisfies FieldRefusal;

export const MembershipRecord = z.object({
  sceneId: reference(),
  member: z.string().refine(isDid, { params: MEMBER_REFUSAL })
    .meta({ field: "did" } satisfies FieldMeta).nullish(),
  role: z.enum(["owner", "curator", "member", "guest"]).nullish(),
  status: z.enum(["pending", "active", "rejected"]).nullish(),
  trustWeight: weight().nullish(),
  since: time().nullish(),
});

const SCENE_ASKED: Reference = {
  field: "sceneId",
  column: "record_scene_id",
  target: "app.subcult.scene",
  owned: false,
  madeBy: "requests",
};

const SCENE_OWNED: Reference = { ...SCENE_ASKED, owned: true, madeBy: "decisions" };

export const membership: Collection = {
  nsid: "app.subcult.membership",
  lexicon,
  mapping: 1,
  table: "memberships",
  columns: [
    { name: "user_did", type: "text" },
    { name: "role", type: "text" },
    { name: "status", type: "text", whileShown: true },
    { name: "record_status", type: "text" },
    { name: "trust_weight", type: "float8" },
    { name: "since", type: "timestamptz", orCreated: true },
  ],
  references: [SCENE_ASKED, SCENE_OWNED],
  decidesAbout: "member",
  map: mapBy(MembershipRecord, (fields, { key }) => {
    const { member } = fields;
    const isDecision = typeof member === "string" && member !== key.did;
    // A request grants nothing, whatever it claims: nobody can promote themselves.
    const granted = isDecision ? fields : undefined;
    const status = granted?.status ?? "pending";
    const row = {
      user_did: isDecision ? member : key.did,
      role: granted?.role ?? "member",
      status,
      record_status: status,
      trust_weight: granted?.trustWeight ?? 0.5,
      since: fields.since ?? null,
    };
    return { row };
  }),
};
