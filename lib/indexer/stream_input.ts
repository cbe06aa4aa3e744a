/**
 * The reading side: client and decoders, up to the queue. Chooses between the live stream and the archive,
 * and reports to operators.
 */

import { replayAndFollow, replaysFirst } from "../client/archive/replay_and_follow.ts";
import { fetchZstdDictionary } from "../client/live/fetch_dictionary.ts";
import { type Endpoint, parseEndpoint } from "../client/endpoint.ts";
import { follow } from "../client/live/follow.ts";
import { EVENTS_MAY_BE_MISSING, type Observer } from "../client/live/stream_observer.ts";
import { trustingFetch } from "../client/trusting_fetch.ts";
import { secretsOf } from "../config/secrets.ts";
import { streamObserver } from "./observers.ts";
import type { StreamInputOptions } from "./stream_input_options.ts";
import { ArchiveReplay } from "./archive_replay.ts";
import { type Redact, redactor } from "../log/redaction.ts";

export class StreamInput {
  readonly #options: StreamInputOptions;
  readonly #endpoints: readonly Endpoint[];
  readonly #redact: Redact;
  readonly #fetch: typeof fetch;
  readonly #replay: ArchiveReplay;

  constructor(options: StreamInputOptions) {
    this.#options = options;
    const { urls, rootCertificates } = options.config.jetstream;
    this.#endpoints = urls.map(parseEndpoint);
    this.#fetch = trustingFetch(rootCertificates);
    this.#redact = redactor(secretsOf(options.config));
    this.#replay = new ArchiveReplay({ ...options, redact: this.#redact, fetch: this.#fetch });
  }

  /** Reads until the signal aborts. Rejects with errors that a retry can't fix. */
  async run(signal: AbortSignal): Promise<void> {
    const { config: { jetstream: { startFrom } }, position, clock, random } = this.#options;
    const stored = position.point;
    // A replay of one instance's archive is continued there: its numbers mean nothing elsewhere.
    const archive = this.#archiveOf(stored?.source) ??
      this.#endpoints.find(({ protocol }) => protocol === "v2");
    if (archive === undefined) return await this.#follow(signal);
    const fromArchive = startFrom.kind === "archive";
    try {
      await replayAndFollow({
        replayFirst: replaysFirst(archive, stored, fromArchive, clock.now() * 1000),
        replay: (because) =>
          this.#replay.run(this.#archiveOf(because?.source) ?? archive, because, signal),
        follow: () => this.#follow(signal),
        clock,
        random,
        signal,
      });
    } catch (error) {
      // When a replay is stopped, its end is not a failure.
      if (!signal.aborted || error !== signal.reason) throw error;
    }
  }

  /** The archive of an instance, if that is configured. */
  #archiveOf(source: string | undefined): Endpoint | undefined {
    return this.#endpoints.find((endpoint) =>
      endpoint.protocol === "v2" && endpoint.source === source
    );
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { config, decoders, intake, position, queue, telemetry } = this.#options;
    const { clock, random } = this.#options;
    const { jetstream, reconnect } = config;
    await follow({
      endpoints: this.#endpoints,
      filter: { collections: jetstream.wantedCollections, dids: jetstream.wantedDids },
      compress: jetstream.compress,
      fetchDictionary: async (endpoint, signal) => {
        const options = { v1Url: jetstream.dictionaryUrl, signal, clock, fetch: this.#fetch };
        const { bytes } = await fetchZstdDictionary(endpoint, options);
        return decoders.addDictionary(bytes);
      },
      resumePoint: () => position.point,
      startCursor: this.#startCursor(),
      receive: (message, endpoint) => {
        const result = intake.take(message, endpoint);
        const timeUs = result !== null && "timeUs" in result ? result.timeUs : null;
        telemetry.stream.received(timeUs, message.length);
        return result;
      },
      peek: (message, endpoint) => intake.peek(message, endpoint),
      skipping: {
        prefilterFor: ({ protocol }) => decoders.for(protocol).isForeignText,
        skipped: (skipped, endpoint) => {
          const position = intake.skipped(skipped, endpoint);
          telemetry.stream.skipped(skipped, position?.timeUs ?? null);
          return position;
        },
      },
      flow: queue,
      reconnect,
      caCerts: jetstream.rootCertificates,
      idleTimeoutMs: jetstream.readIdleTimeoutMs,
      quietMs: jetstream.streamQuietMs,
      observer: this.#observer(),
      clock,
      random,
      signal,
    });
  }

  /** Reports to operators; to the position, which needs to know of each connection; and to the reconciler. */
  #observer(): Observer {
    const { logger, telemetry, position, faultPoint, eventsMayBeMissing } = this.#options;
    const observer = streamObserver({ logger, telemetry, redact: this.#redact }, faultPoint);
    return {
      ...observer,
      connected: (event) => {
        position.connected(event.endpoint.source, event.cursor);
        observer.connected?.(event);
      },
      disconnected: (event) => {
        position.disconnected();
        observer.disconnected?.(event);
      },
      notice: (notice) => {
        observer.notice?.(notice);
        if (EVENTS_MAY_BE_MISSING.has(notice.code)) eventsMayBeMissing();
      },
    };
  }

  #startCursor(): string | null {
    if (this.#replay.startCursor !== null) return String(this.#replay.startCursor);
    const { startFrom } = this.#options.config.jetstream;
    switch (startFrom.kind) {
      case "live":
      case "archive":
        return null;
      case "time":
        return String(startFrom.timeUs);
      case "cursor":
        return String(startFrom.cursor);
    }
  }
}
