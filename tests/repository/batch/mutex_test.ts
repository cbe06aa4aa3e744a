/** Batches of the stream and of dead letters, written by one writer. */

import assert from "node:assert/strict";
import { Mutex } from "../../../lib/repository/batch/mutex.ts";
import { databaseTest } from "../../support/database.ts";
import { Folded } from "../../support/folded.ts";
import { SampleEvents } from "../../support/sample_events.ts";
import { within } from "../../support/within.ts";

databaseTest(
  "a batch begins only when the previous one is committed",
  async (database) => {
    const events = new SampleEvents();
    const steps: string[] = [];
    const loaded = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const folded = new Folded(database, {
      step: async (name, batch) => {
        const which = batch.events.length === 1 ? "first" : "second";
        if (["beginning", "committed"].includes(name)) steps.push(`${which} ${name}`);
        if (which === "second" || name !== "loaded") return;
        loaded.resolve();
        await goOn.promise;
      },
    });
    const first = folded.batch(events.put("alice/scene/s1"));
    await within(loaded.promise, "the first batch to be loaded");
    const second = folded.batch(events.put("alice/scene/s2"), events.put("alice/scene/s3"));
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(steps, ["first beginning"]);
    goOn.resolve();
    await Promise.all([first, second]);
    assert.deepEqual(steps, [
      "first beginning",
      "first committed",
      "second beginning",
      "second committed",
    ]);
    assert.deepEqual(await folded.live("alice/scene/s1", "alice/scene/s3"), [true, true]);
  },
);

Deno.test("an abort ends a wait for the mutex without affecting others", async () => {
  const mutex = new Mutex();
  const { signal } = new AbortController();
  const stop = new AbortController();
  const goOn = Promise.withResolvers<void>();
  const done: number[] = [];
  const first = mutex.run(async () => {
    await goOn.promise;
    done.push(1);
  }, signal);
  const second = mutex.run(() => Promise.resolve(done.push(2)), stop.signal);
  const third = mutex.run(() => Promise.resolve(done.push(3)), signal);
  stop.abort(new Error("stopped"));
  await assert.rejects(second, /stopped/);
  assert.deepEqual(done, []);
  goOn.resolve();
  await Promise.all([first, third]);
  assert.deepEqual(done, [1, 3]);
});

Deno.test("a failing holder of the mutex does not affect others", async () => {
  const mutex = new Mutex();
  const { signal } = new AbortController();
  const first = mutex.run(() => Promise.reject(new Error("no")), signal);
  const second = mutex.run(() => Promise.resolve("done"), signal);
  await assert.rejects(first, /no/);
  assert.equal(await second, "done");
});
