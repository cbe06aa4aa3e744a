import { type Clock, systemClock } from "../../../lib/client/clock.ts";

/** A clock that runs faster than the machine's by a factor, and can show another time of day. */
export function hastyClock(haste: number, aheadMs = 0): Clock {
  const startedAt = { now: systemClock.now() + aheadMs, monotonic: systemClock.monotonic() };
  const elapsed = (): number => (systemClock.monotonic() - startedAt.monotonic) * haste;
  return {
    now: () => startedAt.now + elapsed(),
    monotonic: () => startedAt.monotonic + elapsed(),
    setTimer: (callback, ms) => systemClock.setTimer(callback, ms / haste),
  };
}
