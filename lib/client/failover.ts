import type { Clock } from "./clock.ts";
import type { Endpoint } from "./endpoint.ts";

/** An endpoint that failed or fell behind is not preferred for this long, milliseconds. */
export const REST_MS = 10 * 60_000;

/** Each further failure doubles that, up to this, milliseconds. */
export const MAX_REST_MS = 60 * 60_000;

interface Standing {
  readonly endpoint: Endpoint;
  restUntil: number;
  rests: number;
  excluded: boolean;
}

/**
 * The endpoints in their order of preference, and which of them to use.
 *
 * The rule: the first that is not resting. An endpoint whose attempt came to nothing, or that is behind,
 * rests for ten minutes, then twenty, up to an hour; so a dead one is left at once and
 * returned to later, and one that flaps is returned to ever more seldom. While a later one is used and an
 * earlier one has rested, the connection is given up for it: the order is the operator's, and often the
 * first speaks a better protocol. That costs a reconnect and five minutes of duplicates. When all
 * rest, the one whose rest ends first is tried, so all are tried in turn.
 */
export class EndpointList {
  readonly #clock: Clock;
  readonly #standings: readonly Standing[];

  /** @throws {RangeError} when there is none */
  constructor(endpoints: readonly Endpoint[], clock: Clock) {
    if (endpoints.length === 0) throw new RangeError("cannot connect: got no server address");
    this.#clock = clock;
    this.#standings = endpoints.map((endpoint) => ({
      endpoint,
      restUntil: -Infinity,
      rests: 0,
      excluded: false,
    }));
  }

  /** The one to use now, or null when every one is excluded. */
  current(): Endpoint | null {
    const usable = this.#standings.filter(({ excluded }) => !excluded);
    const awake = usable.find((standing) => !this.#rests(standing));
    const next = awake ?? usable.toSorted((a, b) => a.restUntil - b.restUntil)[0];
    return next?.endpoint ?? null;
  }

  /** Whether an earlier one than `endpoint` could be used again. */
  hasBetter(endpoint: Endpoint): boolean {
    const own = this.#standings.indexOf(this.#standing(endpoint));
    return this.#awakeOthers(endpoint).some((other) => this.#standings.indexOf(other) < own);
  }

  /** Whether there is another one that is not resting. */
  hasOther(endpoint: Endpoint): boolean {
    return this.#awakeOthers(endpoint).length > 0;
  }

  /** Lets it rest: an attempt came to nothing, or it is behind. */
  rest(endpoint: Endpoint): void {
    const standing = this.#standing(endpoint);
    const restMs = Math.min(MAX_REST_MS, REST_MS * 2 ** Math.min(standing.rests, 10));
    standing.rests++;
    standing.restUntil = this.#clock.monotonic() + restMs;
  }

  /** Forgets its failures: it was read from for long enough. */
  restore(endpoint: Endpoint): void {
    this.#standing(endpoint).rests = 0;
  }

  /** Never uses it again: it refuses what we ask for. */
  exclude(endpoint: Endpoint): void {
    this.#standing(endpoint).excluded = true;
  }

  #rests({ restUntil }: Standing): boolean {
    return restUntil > this.#clock.monotonic();
  }

  #awakeOthers(endpoint: Endpoint): Standing[] {
    return this.#standings.filter((other) =>
      other.endpoint !== endpoint && !other.excluded && !this.#rests(other)
    );
  }

  #standing(endpoint: Endpoint): Standing {
    const standing = this.#standings.find((one) => one.endpoint === endpoint);
    if (standing === undefined) throw new Error("cannot find an endpoint that was never given");
    return standing;
  }
}
