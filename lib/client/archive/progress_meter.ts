import type { Clock } from "../clock.ts";
import type { ReplayProgress } from "./replay_observer.ts";

const REPORT_EVERY_MS = 10_000;

/** The rate is an average over this time, so that it follows the server and not single requests. */
const RATE_MS = 60_000;

/** Counters that the meter does not keep itself. */
export interface Counted {
  readonly seq: number;
  readonly events: number;
  readonly bytes: number;
}

/** Measures the progress of a replay: how far, how fast, and how much time is left. */
export class ProgressMeter {
  readonly #clock: Clock;
  readonly #report: (progress: ReplayProgress) => void;
  readonly #startSeq: number;
  readonly #tipSeq: number;
  readonly #startedAt: number;
  /** Earlier positions, oldest first; the first is at least `RATE_MS` old, once there is one. */
  readonly #samples: { readonly at: number; readonly seq: number }[] = [];
  #segmentsDone = 0;
  #segmentsTotal = 0;
  #reportedAt = -Infinity;

  constructor(
    { startSeq, tipSeq }: { readonly startSeq: number; readonly tipSeq: number },
    clock: Clock,
    report: (progress: ReplayProgress) => void,
  ) {
    this.#clock = clock;
    this.#report = report;
    this.#startSeq = startSeq;
    this.#tipSeq = tipSeq;
    this.#startedAt = clock.now();
    this.#samples.push({ at: clock.monotonic(), seq: startSeq });
  }

  /** A plan has this many segments; unreached segments of an earlier plan are in it again. */
  planned(segments: number): void {
    this.#segmentsTotal = this.#segmentsDone + segments;
  }

  segmentDone(): void {
    this.#segmentsDone++;
  }

  /** Reports when the interval has passed, or always. */
  report(counted: Counted, always = false): void {
    const at = this.#clock.monotonic();
    if (!always && at - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = at;
    const perSecond = this.#rate(at, counted.seq);
    const left = this.#tipSeq - counted.seq;
    this.#report({
      done: counted.seq - this.#startSeq,
      total: this.#tipSeq - this.#startSeq,
      perSecond,
      leftMs: left === 0 ? 0 : perSecond > 0 ? Math.round(left / perSecond * 1000) : null,
      segmentsDone: this.#segmentsDone,
      segmentsTotal: this.#segmentsTotal,
      events: counted.events,
      bytes: counted.bytes,
      startedAt: this.#startedAt,
    });
  }

  #rate(at: number, seq: number): number {
    while (this.#samples.length > 1 && this.#samples[1]!.at <= at - RATE_MS) this.#samples.shift();
    const since = this.#samples[0]!;
    this.#samples.push({ at, seq });
    return at > since.at ? (seq - since.seq) / (at - since.at) * 1000 : 0;
  }
}
