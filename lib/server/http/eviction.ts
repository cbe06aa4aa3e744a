/** Who gives way when all places are taken, so that the next one can come in. */

/**
 * What a connection is doing. `receiving`: the request is not whole yet. `answering`: we work on the
 * answer. `sending`: the client takes its answer. `leaving`: the client has it.
 */
export type ConnectionState = "receiving" | "answering" | "sending" | "leaving";

export interface Occupant {
  readonly state: ConnectionState;
  /** Where the client comes from. */
  readonly client: string;
  /** `performance.now()` of its arrival. */
  readonly since: number;
}

/** A client sends its request with the last packet of the handshake: whoever has not yet is slow. */
const FAIR_MS = 250;

/** One client may hold so much of all places without a whole request before it has to be quick. */
const FAIR_SHARE = 1 / 4;

/** Clients that don't take their answers may hold so much of all places. The rest is for others. */
const SENDING_SHARE = 3 / 4;

/**
 * Names the one that gives way, of occupants in the order of their arrival. One that an answer is
 * being made for never does. Null: all were too short a time here, and the next one has to wait.
 */
export function whoGivesWay<T extends Occupant>(
  occupants: readonly T[],
  places: number,
  now: number,
): T | null {
  const hadTime = ({ since }: Occupant): boolean => now - since >= FAIR_MS;
  const slow = occupants.filter(({ state }) => state === "receiving" || state === "leaving");
  let busiest: readonly T[] = [];
  for (const ofClient of Map.groupBy(slow, ({ client }) => client).values()) {
    if (ofClient.length > busiest.length) busiest = ofClient;
  }
  const [oldest] = busiest;
  if (oldest === undefined) return sendingTooMany(occupants, places);
  if (busiest.length > FAIR_SHARE * places || hadTime(oldest)) return oldest;
  return slow.find(hadTime) ?? sendingTooMany(occupants, places);
}

function sendingTooMany<T extends Occupant>(occupants: readonly T[], places: number): T | null {
  const sending = occupants.filter(({ state }) => state === "sending");
  return sending.length > SENDING_SHARE * places ? sending[0] ?? null : null;
}
