/** Lets those who ask have their turns one after another, in the order in which they asked. */

import { untilAborted } from "../until_aborted.ts";

export class Turns {
  /** The end of the turn of whoever asked last, and so of all before. */
  #last: Promise<void> = Promise.resolve();

  /** Runs something once all who asked before are done. Whoever waits leaves when the signal aborts. */
  async take<Value>(run: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
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
