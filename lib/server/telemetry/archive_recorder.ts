/** Records the progress of a replay of the archive. */

import type { ReplayProgress } from "../../client/archive/replay_observer.ts";
import type { Clocks } from "../facts/facts.ts";
import type { ArchiveFacts, Source } from "../facts/stream_facts.ts";
import { shortened } from "./shortened.ts";

export class ArchiveRecorder {
  readonly #archive: ArchiveFacts;
  readonly #clocks: Clocks;

  constructor(archive: ArchiveFacts, clocks: Clocks) {
    this.#archive = archive;
    this.#clocks = clocks;
  }

  began({ source }: Pick<Source, "source">): void {
    const progressAt = this.#clocks.monotonic();
    Object.assign(this.#archive, { source, progress: null, progressAt });
  }

  progressed(progress: ReplayProgress): void {
    const progressAt = this.#clocks.monotonic();
    Object.assign(this.#archive, { progress, progressAt });
  }

  /** At its end, after a failure, or because of shutdown. */
  ended(): void {
    Object.assign(this.#archive, { source: null, progress: null });
    this.requestAnswered();
  }

  requestFailed(event: { readonly failures: number; readonly why: string }): void {
    this.#archive.failuresInARow = event.failures;
    this.#archive.failure = shortened(event.why);
  }

  requestAnswered(): void {
    this.#archive.failuresInARow = 0;
    this.#archive.failure = null;
  }
}
