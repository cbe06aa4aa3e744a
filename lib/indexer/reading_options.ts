import type { Clock } from "../client/clock.ts";
import type { Progress } from "../client/progress.ts";
import type { Flow } from "../client/queue.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../log/logger.ts";
import type { Telemetry } from "../server/telemetry.ts";
import type { OnCheckpoint } from "./checkpoint.ts";
import type { Decoders } from "./decoders.ts";
import type { Intake } from "./intake.ts";

/** What reading needs, from the live stream and from the archive. */
export interface ReadingOptions {
  readonly config: Config;
  readonly decoders: Decoders;
  readonly queue: Flow;
  readonly intake: Intake;
  /** Where reading goes on; at the start, the cursor that was stored. */
  readonly position: Progress;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: () => number;
  readonly checkpoint: OnCheckpoint;
  /** Told when the stream may have lost events. */
  readonly eventsMayBeMissing: () => void;
}
