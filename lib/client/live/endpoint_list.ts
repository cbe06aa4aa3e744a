import type { Clock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";

/** An endpoint that failed or fell behind is not preferred for this long, milliseconds. */
export const REST_MS = 10 * 60_000;

/** Each further failure doubles that, up to this, milliseconds. */
export const MAX_REST_MS = 60 * 60_000;

/** No server is left alone for longer, whatever it says: it may have meant another clock. */
export const MAX_DEFERRAL_MS = 15 * 60_000;

/** Connections in a row that did not last, though they brought something: then the endpoint rests. */
const SHORT_CONNECTIONS = 5;

interface Standing {
  readonly endpoint: Endpoint;
  restUntil: number;
  rests: number;
  /** Not asked before, because it said so. */
  notBefore: number;
  short: number;
  excluded: boolean;
}

/**
 * The endpoints in their order of preference, and which of them to use.
 *
 * The rule: the first that is not resting. An endpoint whose attempt came to nothing, that is behind, or
 * whose connections don't last, rests for ten minutes, then twenty, up to an hour; so a dead one is left
 * at once and returned to later, and one that flaps is returned to ever more seldom. While a later one is
 * used and an earlier one has rested, the connection is given up for it: the order is the operator's, and
 * often the first speaks a better protocol. That costs a reconnect and five minutes of duplicates. When
 * all rest, the one whose rest ends first is tried, so all are tried in turn.
 *
 * One that refuses the request itself is tried again every hour: servers are updated too.
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
      notBefore: -Infinity,
      short: 0,
      excluded: false,
    }));
  }

  /** The one to use now, or null when every one refuses the request. */
  current(): Endpoint | null {
    const usable = this.#standings.filter(({ excluded }) => !excluded);
    if (usable.length === 0) return null;
    const awake = this.#standings.find((standing) => !this.#rests(standing));
    if (awake !== undefined) return awake.endpoint;
    const nowMs = this.#clock.monotonic();
    const allowedAt = ({ notBefore }: Standing): number => Math.max(notBefore, nowMs);
    const [next] = usable.toSorted((a, b) =>
      allowedAt(a) - allowedAt(b) || a.restUntil - b.restUntil
    );
    return next?.endpoint ?? null;
  }

  /** How long all of them want to be left alone, milliseconds; 0 when one may be asked. */
  get notBeforeMs(): number {
    const usable = this.#standings.filter(({ excluded }) => !excluded);
    const first = Math.min(...usable.map(({ notBefore }) => notBefore));
    return usable.length === 0 ? 0 : Math.max(0, first - this.#clock.monotonic());
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
    standing.short = 0;
    standing.restUntil = this.#clock.monotonic() + restMs;
  }

  /** Leaves it alone for as long as it asked, within bounds. */
  defer(endpoint: Endpoint, ms: number): void {
    const standing = this.#standing(endpoint);
    standing.notBefore = this.#clock.monotonic() + Math.min(MAX_DEFERRAL_MS, ms);
    standing.restUntil = Math.max(standing.restUntil, standing.notBefore);
  }

  /** Notes how long a connection to it stood. After several that did not last it rests. */
  stood(endpoint: Endpoint, steady: boolean): void {
    const standing = this.#standing(endpoint);
    standing.short = steady ? 0 : standing.short + 1;
    if (standing.short >= SHORT_CONNECTIONS) this.rest(endpoint);
  }

  /** Forgets its failures: it was read from for long enough. */
  restore(endpoint: Endpoint): void {
    this.#standing(endpoint).rests = 0;
  }

  /** Leaves it out: it refuses what we ask for. */
  exclude(endpoint: Endpoint): void {
    const standing = this.#standing(endpoint);
    standing.excluded = true;
    standing.restUntil = this.#clock.monotonic() + MAX_REST_MS;
  }

  /** It takes what we ask for. */
  admit(endpoint: Endpoint): void {
    this.#standing(endpoint).excluded = false;
  }

  #rests({ restUntil }: Standing): boolean {
    return restUntil > this.#clock.monotonic();
  }

  #awakeOthers(endpoint: Endpoint): Standing[] {
    return this.#standings.filter((other) => other.endpoint !== endpoint && !this.#rests(other));
  }

  #standing(endpoint: Endpoint): Standing {
    const standing = this.#standings.find((one) => one.endpoint === endpoint);
    if (standing === undefined) throw new Error("cannot find an endpoint that was never given");
    return standing;
  }
}
