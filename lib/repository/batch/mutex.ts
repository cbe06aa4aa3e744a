/** Runs what it is given one after another, in the order in which it was asked. */

import { untilAborted } from "../../until_aborted.ts";

export class Mutex {
  /** Ends when whoever asked last is done, and so all before. */
  #last: Promise<void> = Promise.resolve();

  /** Runs something once all who asked before are done. Whoever waits leaves when the signal aborts. */
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
