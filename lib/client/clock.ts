/** The client's clock, which tests can replace. */
export interface Clock {
  /** The wall clock, Unix milliseconds: for comparing with times on the wire, never for waiting. */
  now(): number;
  /** Milliseconds since some start; never runs backwards, even when the wall clock is set. */
  monotonic(): number;
  /** Calls back once after `ms`. The result cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (callback, ms) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits `ms` milliseconds. Rejects with the reason of `signal` when that aborts. */
export function sleep(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.setTimer(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
