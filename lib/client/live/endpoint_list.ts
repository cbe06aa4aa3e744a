import type { Clock } from "../clock.ts";
import type { Endpoint } from "../endpoint.ts";

/** How long an endpoint that failed or fell behind is not preferred, milliseconds. */
export const REST_MS = 10 * 60_000;

/** Each further failure doubles that, up to this, milliseconds. */
export const MAX_REST_MS = 60 * 60_000;

/** Limit for any Retry-After: a server may have used a wrong clock. */
export const MAX_DEFERRAL_MS = 15 * 60_000;

/** After this many short connections in a row an endpoint rests, even if they brought events. */
const SHORT_CONNECTIONS = 5;

interface Standing {
  readonly endpoint: Endpoint;
  restUntil: number;
  rests: number;
  /** Not tried before this time, as the server asked. */
  notBefore: number;
  short: number;
  excluded: boolean;
}

/**
 * The endpoints in order of preference, and which of them to use.
 *
 * The first one that is not resting is used. An endpoint whose attempt failed, that is behind, or whose
 * connections don't last rests for ten minutes, then twenty, up to an hour. So a dead endpoint is left at
 * once and tried again later, and a flapping one more and more rarely. While a later endpoint is in use and
 * an earlier one has rested, the connection is closed for the earlier one: the order is the operator's, and
 * often the first speaks a better protocol. That costs a reconnect and five minutes of duplicates. When all
 * rest, the one whose rest ends first is tried, so all are tried in turn.
 *
 * An endpoint that refuses the request itself is retried every hour: servers are updated too.
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

  /** The endpoint to use now; null when every one refuses the request. */
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

  /** How long all endpoints asked not to be retried, milliseconds; 0 when one may be tried. */
  get notBeforeMs(): number {
    const usable = this.#standings.filter(({ excluded }) => !excluded);
    const first = Math.min(...usable.map(({ notBefore }) => notBefore));
    return usable.length === 0 ? 0 : Math.max(0, first - this.#clock.monotonic());
  }

  /** Whether an earlier endpoint than `endpoint` could be used again. */
  hasBetter(endpoint: Endpoint): boolean {
    const own = this.#standings.indexOf(this.#standing(endpoint));
    return this.#awakeOthers(endpoint).some((other) => this.#standings.indexOf(other) < own);
  }

  /** Whether another endpoint is not resting. */
  hasOther(endpoint: Endpoint): boolean {
    return this.#awakeOthers(endpoint).length > 0;
  }

  /** Lets an endpoint rest: an attempt failed, or it is behind. */
  rest(endpoint: Endpoint): void {
    const standing = this.#standing(endpoint);
    const restMs = Math.min(MAX_REST_MS, REST_MS * 2 ** Math.min(standing.rests, 10));
    standing.rests++;
    standing.short = 0;
    standing.restUntil = this.#clock.monotonic() + restMs;
  }

  /** Does not retry an endpoint for as long as it asked, within limits. */
  defer(endpoint: Endpoint, ms: number): void {
    const standing = this.#standing(endpoint);
    standing.notBefore = this.#clock.monotonic() + Math.min(MAX_DEFERRAL_MS, ms);
    standing.restUntil = Math.max(standing.restUntil, standing.notBefore);
  }

  /** Notes whether a connection lasted. After several short ones the endpoint rests. */
  connectionEnded(endpoint: Endpoint, steady: boolean): void {
    const standing = this.#standing(endpoint);
    standing.short = steady ? 0 : standing.short + 1;
    if (standing.short >= SHORT_CONNECTIONS) this.rest(endpoint);
  }

  /** Forgets an endpoint's failures: it was read for long enough. */
  restore(endpoint: Endpoint): void {
    this.#standing(endpoint).rests = 0;
  }

  /** Excludes an endpoint that refuses our request. */
  exclude(endpoint: Endpoint): void {
    const standing = this.#standing(endpoint);
    standing.excluded = true;
    standing.restUntil = this.#clock.monotonic() + MAX_REST_MS;
  }

  /** Includes an endpoint again: it accepts our request. */
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
