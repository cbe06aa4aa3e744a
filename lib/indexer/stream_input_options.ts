import type { Clock } from "../client/clock.ts";
import type { Progress } from "../client/live/progress.ts";
import type { Flow } from "../client/pause.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../log/logger.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";
import type { OnFaultPoint } from "./fault_point.ts";
import type { Decoders } from "./decoders.ts";
import type { Intake } from "./intake.ts";

/** What reading needs, for the live stream and for the archive. */
export interface StreamInputOptions {
  readonly config: Config;
  readonly decoders: Decoders;
  readonly queue: Flow;
  readonly intake: Intake;
  /** The resume position; at the start, the stored cursor. */
  readonly position: Progress;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: () => number;
  readonly faultPoint: OnFaultPoint;
  /** Called when the stream may have lost events. */
  readonly eventsMayBeMissing: () => void;
}
