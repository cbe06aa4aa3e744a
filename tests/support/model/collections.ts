/** The six collections by the tables of the domain document: a record becomes columns, or problems. */

import { ALLIANCE, EVENT, isDid, MEMBERSHIP, POST, SCENE, STREAM } from "./address.ts";
import { attachments } from "./attachments.ts";
import { entriesOf, Fields, type Reference } from "./fields.ts";
import { writeMoment } from "./moment.ts";
import { placeColumns } from "./place.ts";
import type { Value } from "./tables.ts";

export interface Mapped {
  /** Columns that only the record decides: all except parents and those of the fold. */
  readonly columns: readonly [string, Value][];
  readonly references: readonly Reference[];
  readonly problems: readonly string[];
}

/** A mapper's input in addition to the fields. */
interface About {
  readonly did: string;
}

type Mapper = (fields: Fields, about: About) => [readonly [string, Value][], Reference[]];

const written = (us: bigint | null): string | null => us === null ? null : writeMoment(us);

const scene: Mapper = (fields, { did }) => [[
  ["name", fields.required("name", 255)],
  ["description", fields.optional("description", 10_000)],
  ["owner_did", did],
  ...placeColumns(fields),
  ["tags", fields.texts("tags", 50, 100)],
  ["visibility", fields.choice("visibility", ["public", "private", "unlisted"], "public")],
  ["palette", palette(fields)],
], []];

const event: Mapper = (fields) => {
  const starts = fields.requiredMoment("startsAt");
  const ends = fields.moment("endsAt");
  if (starts !== null && ends !== null && ends <= starts) fields.problems.push("time_order");
  const states = ["scheduled", "live", "ended", "cancelled"];
  const status = fields.choice("status", states, "scheduled");
  return [[
    ["title", fields.required("name", 255)],
    ["description", fields.optional("description", 10_000)],
    ...placeColumns(fields),
    ["tags", fields.texts("tags", 50, 100)],
    ["status", status],
    ["starts_at", written(starts)],
    ["ends_at", written(ends)],
    ["cancelled_at", status === "cancelled" ? "set" : null],
  ], fields.requiredReference("sceneId", "scene_id", SCENE, true)];
};

const post: Mapper = (fields, { did }) => {
  const references = [
    fields.reference("sceneId", "scene_id", SCENE, false),
    fields.reference("eventId", "event_id", EVENT, false),
  ];
  const none = fields.get("sceneId") === undefined && fields.get("eventId") === undefined;
  if (none) fields.problems.push("missing_field");
  return [[
    ["author_did", did],
    ["text", fields.required("text", 5000)],
    ["attachments", attachments(fields)],
    ["labels", fields.texts("labels", 50, 100)],
  ], references.filter((reference) => reference !== null)];
};

const alliance: Mapper = (fields) => {
  const references = [
    ...fields.requiredReference("fromSceneId", "from_scene_id", SCENE, true),
    ...fields.requiredReference("toSceneId", "to_scene_id", SCENE, false),
  ];
  const [from, to] = references;
  if (to !== undefined && from?.text === to.text) fields.problems.push("self_alliance");
  const states = ["pending", "active", "rejected", "dissolved"];
  return [[
    ["weight", fields.weight("weight", 1)],
    ["status", fields.choice("status", states, "active")],
    ["reason", fields.optional("reason", 256)],
    ["since", written(fields.moment("since"))],
  ], references];
};

const membership: Mapper = (fields, { did }) => {
  const member = fields.get("member");
  if (member !== undefined && typeof member !== "string") fields.problems.push("invalid_type");
  else if (member !== undefined && !isDid(member)) fields.problems.push("*");
  const byOwner = typeof member === "string" && member !== did;
  const since: [string, Value] = ["since", written(fields.moment("since"))];
  const columns: [string, Value][] = byOwner
    ? [
      ["user_did", member],
      ["role", fields.choice("role", ["owner", "curator", "member", "guest"], "member")],
      ["status", fields.choice("status", ["pending", "active", "rejected"], "pending")],
      ["trust_weight", fields.weight("trustWeight", 0.5)],
      since,
    ]
    : [["user_did", did], ["role", "member"], ["status", "pending"], ["trust_weight", 0.5], since];
  return [columns, fields.requiredReference("sceneId", "scene_id", SCENE, byOwner)];
};

const stream: Mapper = (fields, { did }) => {
  const references = [
    fields.reference("sceneId", "scene_id", SCENE, true),
    fields.reference("eventId", "event_id", EVENT, true),
  ];
  const given = ["sceneId", "eventId"].filter((name) => fields.get(name) !== undefined).length;
  if (given === 0) fields.problems.push("missing_field");
  // The list of reasons has none of its own for "one of the two, not both".
  if (given === 2) fields.problems.push("*");
  return [[
    ["host_did", did],
    ["room_name", fields.required("roomName", 255)],
    ["started_at", written(fields.moment("startedAt"))],
    ["ended_at", written(fields.moment("endedAt"))],
    ["is_locked", fields.flag("isLocked")],
    ["featured_participant", fields.optional("featuredParticipant", 255)],
  ], references.filter((reference) => reference !== null)];
};

const MAPPERS: ReadonlyMap<string, Mapper> = new Map([
  [SCENE, scene],
  [EVENT, event],
  [POST, post],
  [ALLIANCE, alliance],
  [MEMBERSHIP, membership],
  [STREAM, stream],
]);

/** Maps a record of a collection of the app; null for a collection that has no table. */
export function mapRecord(
  collection: string,
  record: ReadonlyMap<string, unknown>,
  about: About,
): Mapped | null {
  const mapper = MAPPERS.get(collection);
  if (mapper === undefined) return null;
  const fields = new Fields(record);
  const [columns, references] = mapper(fields, about);
  return { columns, references, problems: fields.problems };
}

/** Absent is `{}`; otherwise all five colours are there, an absent one as empty text. */
function palette(fields: Fields): Value {
  const value = fields.get("palette");
  if (value === undefined) return {};
  const parts = entriesOf(value);
  if (parts === null) {
    fields.problems.push("invalid_type");
    return {};
  }
  const colours = new Fields(parts);
  const kept = ["primary", "secondary", "accent", "background", "text"]
    .map((name) => [name, colours.optional(name, 32) ?? ""]);
  fields.problems.push(...colours.problems);
  return Object.fromEntries(kept);
}
