/** Which connection to evict when all slots are taken. */

/**
 * The state of a connection. `receiving`: the request is incomplete. `answering`: the answer is being made.
 * `sending`: the client reads its answer. `leaving`: the client has it.
 */
export type ConnectionState = "receiving" | "answering" | "sending" | "leaving";

export interface Occupant {
  readonly state: ConnectionState;
  /** The client's network. */
  readonly client: string;
  /** `performance.now()` of its arrival. */
  readonly since: number;
}

/** A client sends its request with the last packet of the handshake: one that takes longer is slow. */
const FAIR_MS = 250;

/** Share of all slots that one client may hold without a complete request before it counts as slow. */
const FAIR_SHARE = 1 / 4;

/** Share of all slots for clients that don't read their answers. The rest is for others. */
const SENDING_SHARE = 3 / 4;

/**
 * The occupant to evict, of occupants in order of arrival. Never one whose answer is being made. Null: all
 * are too new, and the next connection has to wait.
 */
export function occupantToEvict<T extends Occupant>(
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
