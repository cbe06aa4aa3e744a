/** The work of a server's background processes, which the embedded database lacks. */

import type { Session } from "./session.ts";

/** Without checkpoints, WAL accumulates in memory. One takes 8 ms after 100,000 rows. */
const CHECKPOINT_EVERY_MS = 2_000;

/** Takes 0.15 to 0.3 s, during which others wait. */
const VACUUM_EVERY_MS = 5 * 60_000;

export interface UpkeepClock {
  /** Milliseconds. */
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** Runs checkpoints and vacuums while the database is used. Never ends. */
export async function keepUp(session: Session, { now, wait }: UpkeepClock): Promise<never> {
  let seen = session.units;
  let vacuumedAt = now();
  for (;;) {
    await wait(CHECKPOINT_EVERY_MS);
    if (session.units === seen) continue;
    seen = session.units;
    if (now() - vacuumedAt >= VACUUM_EVERY_MS) {
      await session.upkeep("vacuum (analyze)");
      vacuumedAt = now();
    }
    await session.upkeep("checkpoint");
  }
}
