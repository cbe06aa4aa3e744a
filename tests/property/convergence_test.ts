/**
 * The specification itself converges: after any at-least-once delivery, the model has the same result as the plain
 * stream. `PROPERTY_SEED` runs one seed alone, `PROPERTY_STREAMS` says how many.
 */

import assert from "node:assert/strict";
import {
  batchesOf,
  deliverAtLeastOnce,
  type Delivered,
  deliverOutOfOrder,
  deliverWithFailover,
  plainStream,
} from "../support/model/delivery.ts";
import { Model } from "../support/model/fold.ts";
import { readFrame } from "../support/model/frame.ts";
import { generateStream } from "../support/model/generator.ts";
import { printDelivery, shrink } from "../support/model/shrink.ts";
import { stepsOf, takenOver } from "../support/model/steps.ts";
import { differences, type Tables } from "../support/model/tables.ts";

const STREAMS = Number(Deno.env.get("PROPERTY_STREAMS") ?? "1000");

function seeds(): number[] {
  const alone = Deno.env.get("PROPERTY_SEED");
  return alone === undefined ? Array.from({ length: STREAMS }, (_, seed) => seed) : [Number(alone)];
}

function tablesAfter(frames: readonly string[]): Tables {
  const model = new Model();
  for (const frame of frames) model.deliver(frame);
  return model.tables();
}

const streams = new Map<number, string[]>();

/** Each test delivers the same streams in another way. */
function streamOf(seed: number): string[] {
  const stream = streams.get(seed) ?? generateStream(seed);
  streams.set(seed, stream);
  return stream;
}

function same(tables: Tables): Tables {
  return tables;
}

/**
 * Handles, and dead letters about accounts, can differ when a DID's first record is reordered with
 * events about its account.
 */
function withoutMarkers(tables: Tables): Tables {
  const accounts = [...tables.accounts].map(([did, row]) =>
    [did, { ...row, handle: null }] as const
  );
  const deadLetters = tables.deadLetters.filter(({ uri }) => uri !== null);
  return { ...tables, accounts: new Map(accounts), deadLetters };
}

/** The comparable part when times differ: states, accounts, dead letters. */
function statesAlone(tables: Tables): Tables {
  return { ...withoutMarkers(tables), products: new Map() };
}

/** Fails with the smallest delivery that does not end as its plain stream does. */
async function assertConverges(
  deliver: (stream: readonly string[], seed: number) => Delivered[],
  view: (tables: Tables) => Tables,
  isLegal: (deliveries: readonly Delivered[]) => boolean,
  stream: (seed: number) => string[] = streamOf,
): Promise<void> {
  const diverges = (deliveries: readonly Delivered[]): string[] => {
    if (!isLegal(deliveries)) return [];
    const plain = tablesAfter(plainStream(deliveries));
    return differences(view(plain), view(tablesAfter(deliveries.map(({ frame }) => frame))));
  };
  for (const seed of seeds()) {
    const deliveries = deliver(stream(seed), seed);
    if (diverges(deliveries).length === 0) continue;
    const smallest = await shrink(deliveries, (candidate) => diverges(candidate).length > 0);
    assert.fail(
      [`seed ${seed} diverges`, printDelivery(smallest), ...diverges(smallest)].join("\n"),
    );
  }
}

/** Whether every event comes first in stream order, as from a source with a cursor. */
function comesInOrder(deliveries: readonly Delivered[]): boolean {
  const firsts = [...new Set(deliveries.map(({ position }) => position))];
  return firsts.every((position, index) => index === 0 || position > (firsts[index - 1] ?? 0));
}

Deno.test("model: any at-least-once delivery ends as the plain stream does", async () => {
  await assertConverges(deliverAtLeastOnce, same, comesInOrder);
});

Deno.test("model: commits in any order end as the plain stream does, except for handles and dead letters about accounts", async () => {
  await assertConverges(deliverOutOfOrder, withoutMarkers, () => true);
});

Deno.test("model: a failover to another clock changes no state, where no account was deleted", async () => {
  await assertConverges(
    deliverWithFailover,
    statesAlone,
    () => true,
    (seed) => streamOf(seed).filter((frame) => !/"status":"deleted"|#sync"/.test(frame)),
  );
});

Deno.test("model: generated streams reach every outcome, every state and every reason", () => {
  const outcomes = new Map<string, number>();
  const states = new Map<string, number>();
  const reasons = new Map<string, number>();
  const count = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (let seed = 0; seed < 400; seed++) {
    const model = new Model();
    for (const { frame } of deliverAtLeastOnce(streamOf(seed), seed)) {
      count(outcomes, model.deliver(frame));
    }
    for (const { state, reasons: found } of model.tables().ledger.values()) {
      count(states, state);
      for (const reason of found) count(reasons, reason);
    }
  }
  const wanted: readonly (readonly [Map<string, number>, string])[] = [
    [outcomes, "applied duplicate stale waiting dead_letter ignored"],
    [states, "applied waiting rejected deleted suppressed unmapped"],
    [
      reasons,
      "missing_field invalid_type empty_field too_long too_many out_of_range unknown_value " +
      "invalid_time invalid_location invalid_geohash invalid_reference time_order self_alliance " +
      "not_scene_owner missing_record invalid_record record_too_deep unstorable_text " +
      "parent_missing ambiguous_reference",
    ],
  ];
  for (const [counts, names] of wanted) {
    for (const name of names.split(" ")) {
      assert.ok((counts.get(name) ?? 0) >= 5, `${name}: reached ${counts.get(name) ?? 0} times`);
    }
  }
});

Deno.test("model: generated streams contain every kind of step, each many times", () => {
  const seen = new Map<string, number>();
  const count = (step: string): void => void seen.set(step, (seen.get(step) ?? 0) + 1);
  for (let seed = 0; seed < 300; seed++) {
    const model = new Model();
    let before = model.tables();
    for (const batch of batchesOf(deliverAtLeastOnce(streamOf(seed), seed))) {
      const beforeBatch = before;
      let own = 0;
      for (const frame of batch) {
        const outcome = model.deliver(frame);
        const after = model.tables();
        stepsOf(readFrame(frame), outcome, before, after).forEach(count);
        own += takenOver(before, after).length;
        before = after;
      }
      // By one batch, and by no single frame of it: a parent went, and another of its name came.
      if (own === 0) {
        takenOver(beforeBatch, before).forEach(() => count("taken over by a stranger's"));
      }
    }
  }
  const wanted = [
    "waiting to applied",
    "applied to waiting parent_missing",
    "applied to waiting ambiguous_reference",
    "waiting to waiting parent_missing",
    "waiting to waiting ambiguous_reference",
    "ambiguous to applied",
    "ambiguous to waiting parent_missing",
    "applied to suppressed",
    "suppressed to applied",
    "waiting to rejected not_scene_owner",
    "rejected to waiting parent_missing",
    "rejected to applied",
    "rejected to suppressed",
    "suppressed to rejected not_scene_owner",
    "waiting to rejected self_alliance",
    "made again",
    "child of a parent that is made again",
    "moved to another parent",
    "moved to a parent that is not there",
    "moved to a parent that is there",
    "waits for another",
    "taken over by the author's own",
    "taken over by a stranger's",
    "post applied by the scene of its event",
    "post hidden by the scene of its event",
    "void, then there again",
    "membership gave way",
    "membership in force again",
    ...["applied", "duplicate", "stale", "ignored"].flatMap((outcome) =>
      ["account", "identity", "sync"].map((kind) => `${kind} ${outcome}`)
    ),
  ];
  const rare = wanted.filter((step) => (seen.get(step) ?? 0) < 3);
  assert.deepEqual(rare.map((step) => `${step}: ${seen.get(step) ?? 0} times`), []);
});

Deno.test("model: deliveries come in batches of every size", () => {
  const sizes = new Map<number, number>();
  let whole = 0;
  for (let seed = 0; seed < 200; seed++) {
    const batches = batchesOf(deliverAtLeastOnce(streamOf(seed), seed));
    const [first] = batches;
    const even = batches.slice(0, -1).every((batch) => batch.length === first?.length);
    if (batches.length === 1) whole++;
    else if (even && first !== undefined) {
      sizes.set(first.length, (sizes.get(first.length) ?? 0) + 1);
    }
  }
  assert.ok(whole >= 5, `all at once: ${whole} times`);
  for (const size of [1, 2, 5]) {
    const times = sizes.get(size) ?? 0;
    assert.ok(times >= 5, `batches of ${size} throughout: ${times} times`);
  }
});

Deno.test("model: a planted defect is found and shrunk to a minimal case", async () => {
  const forgetsDeletes = (deliveries: readonly Delivered[]): boolean => {
    const frames = deliveries.map(({ frame }) => frame);
    const kept = frames.filter((frame) => !frame.includes('"operation":"delete"'));
    const [right, wrong] = [tablesAfter(frames), tablesAfter(kept)];
    const live = (tables: Tables): number => tables.products.get("scenes")?.size ?? 0;
    return live(right) < live(wrong);
  };
  const failing = Array.from({ length: 50 }, (_, seed) => seed)
    .map((seed) => deliverAtLeastOnce(generateStream(seed, { protocol: "v1" }), seed))
    .find(forgetsDeletes);
  assert.ok(failing);
  const smallest = await shrink(failing, forgetsDeletes);
  const deletes = smallest.map(({ frame }) => JSON.parse(frame).commit.operation === "delete");
  assert.deepEqual(deletes, [false, true]);
});
