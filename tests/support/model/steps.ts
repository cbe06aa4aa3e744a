/** The kinds of steps of a stream, as text: the effect of one frame on its own record and on others. */

import { MEMBERSHIP, POST, TABLE_OF, uriOf } from "./address.ts";
import type { Outcome } from "./fold.ts";
import type { CommitFrame, Frame } from "./frame.ts";
import type { LedgerRow, Tables } from "./tables.ts";

const PARENTS = ["scene_id", "event_id", "from_scene_id", "to_scene_id"] as const;

/** Records that no frame touched and that have another parent now: what their bare rkey means changed. */
export function takenOver(before: Tables, after: Tables): string[] {
  return [...after.ledger].flatMap(([uri, { rev }]) => {
    const [had, has] = [parentsOf(before, uri), parentsOf(after, uri)];
    const isUntouched = before.ledger.get(uri)?.rev === rev;
    return isUntouched && had !== "" && has !== "" && had !== has ? [uri] : [];
  });
}

/** The effect of a frame: the difference between the tables before and after it. */
export function stepsOf(frame: Frame, outcome: Outcome, before: Tables, after: Tables): string[] {
  if (frame.kind === "foreign" || frame.kind === "malformed") return [];
  const changed = [...after.ledger].filter(([uri, row]) => {
    const old = before.ledger.get(uri);
    return old !== undefined && old.rev === row.rev && standing(old) !== standing(row);
  });
  const steps = changed.map(([uri, row]) => {
    const old = before.ledger.get(uri);
    const was = old?.reasons[0] === "ambiguous_reference" ? "ambiguous" : old?.state;
    return `${was} to ${row.state} ${row.reasons[0] ?? ""}`.trim();
  });
  steps.push(...membershipSteps(before, after));
  if (frame.kind !== "commit") return [`${frame.kind} ${outcome}`, ...steps];
  if (outcome === "duplicate" || outcome === "stale") return steps;
  const children = changed.map(([uri]) => uri);
  return [
    ...steps,
    ...ownSteps(frame, before, after),
    ...chainSteps(frame, children, before, after),
    ...takenOver(before, after).map(() => "taken over by the author's own"),
  ];
}

/** Memberships whose own standing is the same, and that gave way to another of their pair, or came in force again. */
function membershipSteps(before: Tables, after: Tables): string[] {
  const stayed = [...after.ledger].filter(([uri, { rev, state }]) => {
    const old = before.ledger.get(uri);
    return state === "applied" && old?.state === "applied" && old.rev === rev;
  });
  return stayed.flatMap(([uri]) => {
    const was = before.products.get("memberships")?.has(uri) ?? false;
    const is = after.products.get("memberships")?.has(uri) ?? false;
    if (was === is || !uri.includes(`/${MEMBERSHIP}/`)) return [];
    return [is ? "membership in force again" : "membership gave way"];
  });
}

/** What a commit did to its own record. */
function ownSteps(
  { did, collection, rkey }: CommitFrame,
  before: Tables,
  after: Tables,
): string[] {
  const uri = uriOf(did, collection, rkey);
  const [old, now] = [before.ledger.get(uri), after.ledger.get(uri)];
  if (old === undefined || now === undefined) return [];
  const steps: string[] = [];
  if (old.rev === "" && now.state === "applied") steps.push("void, then there again");
  if (old.state === "deleted" && now.state === "applied") steps.push("made again");
  const [had, has] = [parentsOf(before, uri), parentsOf(after, uri)];
  if (had !== "" && has !== "" && had !== has) steps.push("moved to another parent");
  if (had !== "" && now.state === "waiting") steps.push("moved to a parent that is not there");
  if (old.state === "waiting" && has !== "") steps.push("moved to a parent that is there");
  if (old.state === "waiting" && now.state === "waiting" && waits(old) !== waits(now)) {
    steps.push("waits for another");
  }
  return steps;
}

/** What a commit of a scene or an event did to records that refer to it, directly or not. */
function chainSteps(
  { did, collection, rkey }: CommitFrame,
  children: readonly string[],
  before: Tables,
  after: Tables,
): string[] {
  const uri = uriOf(did, collection, rkey);
  const wasDeleted = before.ledger.get(uri)?.state === "deleted";
  return children.flatMap((child) => {
    const [had, has] = [parentsOf(before, child), parentsOf(after, child)];
    const isPost = child.includes(`/${POST}/`);
    // Its scene is none of its own references: an event stands between.
    const isDeep = isPost && has !== "" && !has.includes(uri) && has.includes("app.subcult.event");
    const wasDeep = isPost && had !== "" && !had.includes(uri) && had.includes("app.subcult.event");
    if (had === "" && has !== "") {
      return [
        ...(isDeep ? ["post applied by the scene of its event"] : []),
        ...(wasDeleted ? ["child of a parent that is made again"] : []),
      ];
    }
    return wasDeep ? ["post hidden by the scene of its event"] : [];
  });
}

/** The parents of a live row as one text; empty for a record that has no row. */
function parentsOf(tables: Tables, uri: string): string {
  const collection = uri.split("/").at(3) ?? "";
  const row = tables.products.get(TABLE_OF.get(collection) ?? "")?.get(uri);
  if (row === undefined) return "";
  return PARENTS.map((column) => `${row.get(column) ?? ""}`).join(" ").trim();
}

function standing({ state, reasons, waitingFor }: LedgerRow): string {
  return JSON.stringify([state, reasons, waitingFor]);
}

function waits({ waitingFor }: LedgerRow): string {
  return waitingFor.join(" ");
}
