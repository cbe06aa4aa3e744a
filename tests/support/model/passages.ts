/** Sequences among several repositories that are too rare by chance, so they are generated on purpose. */

import { MEMBERSHIP, POST, SCENE } from "./address.ts";
import type { Wire } from "./records.ts";
import type { World } from "./world.ts";

export interface Write {
  readonly did: string;
  readonly collection: string;
  readonly rkey: string;
  /** Null deletes the record. */
  readonly fields: Wire | null;
}

/** Makes a frame; its revision is drawn when it is sent. */
type Frame = () => string;

/** Frames that follow each other. */
export type Passage = (
  world: World,
  frame: (write: Write) => Frame,
) => readonly [Frame, ...Frame[]];

/**
 * An rkey changes its owner: one repository has a scene, a second one refers to it by its bare rkey, and it
 * is the scene of a third one in the end.
 */
export const handOver: Passage = ({ random, dids }, frame) => {
  const [owner = "", heir = owner, friend = owner] = random.shuffled(dids);
  const handed = (did: string, collection: string, fields: Wire | null): Frame =>
    frame({ did, collection, rkey: "handed", fields });
  return [
    handed(owner, SCENE, { name: "the first" }),
    handed(friend, POST, { text: "by its name", sceneId: "handed" }),
    handed(owner, SCENE, null),
    handed(heir, SCENE, { name: "the heir's" }),
  ];
};

/**
 * Somebody asks to be a member, and the owner decides, in any order; then the request is taken back,
 * or is one for another scene, or a decision itself. Now and then two owners ask each other.
 */
export const askAndDecide: Passage = ({ random, dids, rkeys }, frame) => {
  const [owner = "", member = owner] = random.shuffled(dids);
  const scene = (did: string, fields: Wire | null): Frame =>
    frame({ did, collection: SCENE, rkey: "asked", fields });
  const membership = (did: string, rkey: string, fields: Wire | null): Frame =>
    frame({ did, collection: MEMBERSHIP, rkey, fields });

  const frames: Frame[] = [];
  const pairs = [[owner, member], ...(random.chance(0.3) ? [[member, owner]] : [])] as const;
  for (const [decider = "", asker = ""] of pairs) {
    const sceneId = random.chance(0.3) ? "asked" : `at://${decider}/${SCENE}/asked`;
    const steps = random.shuffled([
      membership(asker, "ask", { sceneId }),
      membership(decider, "decide", { sceneId, member: asker }),
      scene(decider, { name: "asked for" }),
    ]);
    frames.push(...steps.slice(random.between(0, 1)));
    if (random.chance(0.3)) continue;
    const other = { sceneId: random.pick(rkeys) };
    frames.push(
      membership(asker, "ask", random.pick([null, other, { sceneId, member: decider }])),
    );
  }
  return [scene(owner, random.chance(0.8) ? { name: "asked for" } : null), ...frames];
};
