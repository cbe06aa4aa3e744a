/** The server's clock, which tests can replace. */
export interface Clock {
  /** The wall clock, Unix milliseconds: for comparing with times on the wire. */
  now(): number;
  /** Milliseconds since some start; never runs backwards: for durations. */
  monotonic(): number;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
