/**
 * The stream of `sample.ts` in which some events are of other kinds: deletes, changes of accounts, and posts
 * that come before their scene.
 */

import { SampleStream, scattered, scene, tidOf, timeOf } from "./sample.ts";

/** Shares in percent, all in place of posts, so that the parents of other records still arrive. */
const DELETES = 10;
const ACCOUNTS = 2;
const WAITING = 5;
const POSTS = 40;

/** How many events earlier a record was written that is deleted, or whose author's account changes. */
const AGO = 1000;

/** After how many groups of 20 events the scene arrives that a post waits for. */
const AHEAD = 30;

interface Message {
  readonly did: string;
  readonly commit: {
    readonly collection: string;
    readonly rkey: string;
    readonly record: Readonly<Record<string, unknown>>;
  };
}

export class MixedStream {
  readonly #sample: SampleStream;
  readonly #from: number;

  constructor(from = 0) {
    this.#from = from;
    this.#sample = new SampleStream(from);
  }

  /** The v1 message of an event. */
  message(index: number): string {
    const lot = scattered(index * 3 + 1) % POSTS;
    const isOther = isPost(index) && lot < DELETES + ACCOUNTS + WAITING;
    if (!isOther || index < this.#from + 2 * AGO) {
      return this.#sample.message(index);
    }
    const post: Message = JSON.parse(this.#sample.message(postNear(index - AGO)));
    const { did, commit: { collection, rkey } } = post;
    if (lot < DELETES) {
      const rev = tidOf(index, "33");
      return text(index, did, "commit", { rev, operation: "delete", collection, rkey });
    }
    if (lot < DELETES + ACCOUNTS) {
      const active = scattered(index) % 2 === 0;
      const time = new Date(timeOf(index) / 1000).toISOString();
      const status = active ? {} : { status: "deactivated" };
      return text(index, did, "account", { did, seq: index + 1, time, active, ...status });
    }
    return this.#waiting(index);
  }

  #waiting(index: number): string {
    const message = JSON.parse(this.#sample.message(postNear(index)));
    const { did, commit } = message as Message;
    const sceneId = scene(Math.floor(index / 20) + AHEAD, 0);
    const record = { ...commit.record, sceneId, eventId: undefined };
    const key = { rev: tidOf(index, "33"), rkey: tidOf(index), operation: "create" };
    return text(index, did, "commit", { ...commit, ...key, record });
  }
}

function isPost(index: number): boolean {
  return index % 20 >= 6 && index % 20 < 14;
}

/** Number of a post in the same group of 20 events. */
function postNear(index: number): number {
  return index - index % 20 + 6 + scattered(index) % 8;
}

function text(index: number, did: string, kind: string, body: object): string {
  return JSON.stringify({ did, time_us: timeOf(index), cursor: index + 1, kind, [kind]: body });
}
