/** Runs tasks one after another, in the order of the calls. */

import { untilAborted } from "../../until_aborted.ts";

export class Mutex {
  /** Resolves when the last caller is done, and therefore all before it. */
  #last: Promise<void> = Promise.resolve();

  /** Runs a task after all earlier ones. A caller that still waits leaves when the signal aborts. */
  async run<Value>(run: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
    const before = this.#last;
    const { promise: done, resolve: end } = Promise.withResolvers<void>();
    this.#last = before.then(() => done);
    try {
      await untilAborted(before, signal);
      return await run();
    } finally {
      end();
    }
  }
}
