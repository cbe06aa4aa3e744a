import type { Clock } from "../client/clock.ts";
import type { Config } from "../config.ts";
import type { Logger } from "../log/logger.ts";
import type { Database } from "../repository/connection/database.ts";
import type { Telemetry } from "../server/telemetry/telemetry.ts";
import type { Decoders } from "./decoders.ts";
import type { OnFaultPoint } from "./fault_point.ts";

/** What the parts of the indexer share. */
export interface Context {
  readonly config: Config;
  readonly database: Database;
  readonly decoders: Decoders;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: () => number;
  /** Limit for one statement before the batch is retried. */
  readonly statementTimeoutMs: number;
  /** Silence after which the connections to the database are dropped. */
  readonly silentMs: number;
  readonly faultPoint: OnFaultPoint;
}
