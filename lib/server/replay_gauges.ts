import type { Registry } from "prom-client";
import { registerGauge } from "./gauges.ts";
import type { ReplayVitals } from "./replay_vitals.ts";

/** Adds the gauges of a replay of the archive. Without one they are 0. */
export function registerReplayGauges(registry: Registry, replay: ReplayVitals): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registerGauge(registry, name, help, read);
  gauge("indexer_replaying", "1 while the archive is replayed.", () => +(replay.progress !== null));
  gauge(
    "indexer_replay_done",
    "Sequence numbers that are behind, since the start of the replay.",
    () => replay.progress?.done ?? 0,
  );
  gauge(
    "indexer_replay_total",
    "Sequence numbers from the start of the replay to the end of the archive.",
    () => replay.progress?.total ?? 0,
  );
  gauge(
    "indexer_replay_rate",
    "Sequence numbers a second, over the last minute of the replay.",
    () => replay.progress?.perSecond ?? 0,
  );
  gauge(
    "indexer_replay_left_seconds",
    "Seconds that the replay still takes at that rate; 0 while there is no rate.",
    () => (replay.progress?.leftMs ?? 0) / 1000,
  );
  gauge(
    "indexer_archive_failures_in_a_row",
    "Requests to the archive that failed since the last one that was answered.",
    () => replay.failuresInARow,
  );
}
