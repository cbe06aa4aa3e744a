import type { Position } from "../../decoder/event.ts";
import type { Clock } from "../clock.ts";
import type { Compression } from "./compression.ts";
import type { Endpoint } from "../endpoint.ts";
import { type EndpointList, REST_MS } from "./endpoint_list.ts";
import { LAG_LIMIT_MS, LagWatch } from "./lag_watch.ts";
import type { Ending, Notice, NoticeCode } from "./stream_observer.ts";
import type { ResumeTracker } from "./resume_tracker.ts";
import type { StreamNotice } from "./message_result.ts";
import { checkReplay } from "./replay_check.ts";
import type { Expectation } from "./resume_point.ts";

export interface ConnectionMonitorOptions {
  readonly endpoint: Endpoint;
  readonly expectation: Expectation;
  /** Whether the stream is limited to chosen accounts. */
  readonly byAccount: boolean;
  readonly clock: Clock;
  readonly endpoints: EndpointList;
  readonly origin: ResumeTracker;
  readonly compression: Compression;
  readonly onNotice: (notice: Notice, endpoint: Endpoint) => void;
  /** Called once, when the connection brings something newer than everything before. */
  readonly onUseful: () => void;
}

/** Longest code of a notice that is passed on; real ones are below 20. */
const MAX_CODE_CHARS = 40;

/** Checks one connection: whether it begins at the requested position, makes progress and keeps up. */
export class ConnectionMonitor {
  readonly #options: ConnectionMonitorOptions;
  readonly #lag = new LagWatch();
  readonly #since: number;
  #useful = false;
  #hasBegun = false;
  /**
   * The server announced a later beginning. A request by time includes a margin, so the first event decides.
   */
  #beginsLater = false;

  constructor(options: ConnectionMonitorOptions) {
    this.#options = options;
    this.#since = options.clock.monotonic();
  }

  /** Whether it brought something newer than everything before. */
  get useful(): boolean {
    return this.#useful;
  }

  /** Age of the connection, milliseconds. */
  get ageMs(): number {
    return this.#options.clock.monotonic() - this.#since;
  }

  readonly onFirst = (position: Position): Ending | null => {
    const { endpoint, expectation, byAccount, origin, clock } = this.#options;
    const { protocol } = endpoint;
    const nowUs = clock.now() * 1000;
    this.#hasBegun = true;
    if (
      this.#beginsLater && expectation.kind === "time" && position.timeUs > expectation.lostAfterUs
    ) {
      this.#tellLaterBeginning();
    }
    const fault = checkReplay(expectation, position, { protocol, byAccount, nowUs });
    if (fault !== null) {
      this.#notice(fault.notice);
      // The firehose does not accept a time, so reconnecting would gain nothing.
      if (fault.useless && origin.distrust(endpoint) && protocol !== "firehose") {
        return { kind: "left", notice: fault.notice };
      }
    }
    origin.began(position, endpoint, nowUs);
    return null;
  };

  readonly onProgress = (position: Position | null): Ending | null => {
    const { endpoint, clock, endpoints, origin, onUseful } = this.#options;
    if (position !== null && origin.isNew(position, clock.now() * 1000) && !this.#useful) {
      this.#useful = true;
      onUseful();
    }
    if (this.ageMs >= REST_MS) endpoints.restore(endpoint);
    if (position !== null) {
      const behind = this.#lag.isBehind(position.timeUs, clock.now(), clock.monotonic());
      if (behind && endpoints.hasOther(endpoint)) {
        endpoints.rest(endpoint);
        return this.#leave(
          "source_lagging",
          `left ${endpoint.source}: its events are more than ` +
            `${LAG_LIMIT_MS / 1000} s old and it does not catch up`,
        );
      }
    }
    if (endpoints.hasBetter(endpoint)) {
      return this.#leave("source_changed", `left ${endpoint.source} for one before it in the list`);
    }
    return null;
  };

  readonly onStreamNotice = ({ notice }: StreamNotice): Ending | null => {
    const { endpoint, compression, origin } = this.#options;
    const code = notice.replace(/[^\w.-]/g, "").slice(0, MAX_CODE_CHARS);
    if (code === "OutdatedCursor") {
      if (!this.#hasBegun && this.#options.expectation.kind === "time") this.#beginsLater = true;
      else this.#tellLaterBeginning();
      return null;
    }
    this.#notice({ code: "server_error", message: `${endpoint.source} sent the error ${code}` });
    if (code === "UnknownZstdDictionary") {
      const changed = compression.giveUp(endpoint, "the decoder does not have the dictionary");
      return changed ? { kind: "left", notice: null } : null;
    }
    // Behind an event it is not about the requested cursor: that was known.
    if (code !== "FutureCursor" || this.#hasBegun) return null;
    return origin.distrust(endpoint) ? { kind: "left", notice: null } : null;
  };

  #tellLaterBeginning(): void {
    const { source } = this.#options.endpoint;
    this.#notice({
      code: "outdated_cursor",
      message: `${source} begins later than requested: earlier events may be missing`,
    });
  }

  /** The queue is full: delays from now on are our own. */
  readonly onPause = (): void => this.#lag.reset();

  #leave(code: NoticeCode, message: string): Ending {
    const notice = { code, message };
    this.#notice(notice);
    return { kind: "left", notice };
  }

  #notice(notice: Notice): void {
    this.#options.onNotice(notice, this.#options.endpoint);
  }
}
