/** Limits the load on each server: few requests at a time, and none while it asks for a pause. */

import { SourceError } from "../pds/source_error.ts";

export interface HostLimiterOptions {
  /** Repositories that are read from one server at a time. */
  readonly atOnce: number;
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number;
}

/** Servers are chosen by others, so the number of those that are remembered without being read is limited. */
const MOST = 1_000;

interface Host {
  active: number;
  /** By that clock. */
  restsUntil: number;
}

export class HostLimiter {
  readonly #options: HostLimiterOptions;
  readonly #hosts = new Map<string, Host>();

  constructor(options: HostLimiterOptions) {
    this.#options = options;
  }

  /**
   * Admits a reader until the returned function is called. Throws a `SourceError` when the server is busy.
   */
  enter(host: string): () => void {
    const { atOnce, now } = this.#options;
    this.check(host);
    const known = this.#hosts.get(host) ?? { active: 0, restsUntil: 0 };
    if (known.active >= atOnce) {
      throw new SourceError("busy", `cannot read ${host} now: others are read from it`, { host });
    }
    known.active++;
    this.#hosts.set(host, known);
    return () => {
      known.active--;
      if (known.active === 0 && known.restsUntil <= now()) this.#hosts.delete(host);
    };
  }

  /** Throws a `SourceError` while a server must not be queried. */
  check(host: string): void {
    const retryAfterMs = (this.#hosts.get(host)?.restsUntil ?? 0) - this.#options.now();
    if (retryAfterMs <= 0) return;
    const message = `cannot read ${host} now: requests to it are paused`;
    throw new SourceError("busy", message, { retryAfterMs, host });
  }

  /** Servers that admit no reader now. */
  busyHosts(): string[] {
    const { atOnce, now } = this.#options;
    return [...this.#hosts].filter(([, { active, restsUntil }]) =>
      active >= atOnce || restsUntil > now()
    ).map(([host]) => host);
  }

  /** Sends no requests to a server for some milliseconds. */
  rest(host: string, ms: number): void {
    const known = this.#hosts.get(host) ?? { active: 0, restsUntil: 0 };
    known.restsUntil = Math.max(known.restsUntil, this.#options.now() + ms);
    this.#hosts.set(host, known);
    if (this.#hosts.size <= MOST) return;
    for (const [name, { active }] of this.#hosts) {
      if (active > 0) continue;
      this.#hosts.delete(name);
      return;
    }
  }
}
