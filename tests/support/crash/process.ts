/**
 * The program with a planned crash: runs the indexer by a plan (JSON in `CRASH_PLAN`) and kills itself where that
 * says. Nothing is cleaned up: SIGKILL ends it between two instructions.
 */

import { runIndexer, type Running } from "../../../lib/commands/run.ts";
import { printLine } from "../task.ts";
import { hastyClock } from "./hasty_clock.ts";
import type { Passing, Plan, Point, Said } from "./plan.ts";

const plan: Plan = JSON.parse(Deno.env.get("CRASH_PLAN") ?? "null");

const stop = new AbortController();
const passed = new Map<Point, number>();
let running: Running | null = null;
let draining = false;

function say(said: Said): void {
  printLine(JSON.stringify(said));
}

function isNow(passing: Passing | null, point: Point): boolean {
  return passing?.point === point && passing.nth === passed.get(point);
}

function pass(point: Point): void {
  passed.set(point, (passed.get(point) ?? 0) + 1);
  if (point === "draining") draining = true;
  if (isNow(plan.stop, point)) stop.abort(new Error("asked to stop by its plan"));
  if (isNow(plan.kill, point)) {
    say({ said: "killing", point });
    for (;;) Deno.kill(Deno.pid, "SIGKILL");
  }
  if (draining && point.startsWith("batch_")) pass(point.replace("batch_", "drain_") as Point);
}

Deno.addSignalListener("SIGTERM", () => stop.abort(new Error("asked to stop")));

const code = await runIndexer({
  env: plan.env,
  build: { version: "0.0.0", commit: null, embeddedDatabase: true },
  colours: false,
  print: printLine,
  complain: printLine,
  stop: stop.signal,
}, {
  faultPoint: pass,
  clock: hastyClock(plan.haste, plan.aheadMs),
  started: (started) => {
    running = started;
    say({ said: "listening", port: started.port });
    pass("started");
  },
  committed: () => {
    say({ said: "at", cursor: running?.telemetry.facts.position?.cursor ?? 0 });
    pass("counted");
  },
});
Deno.exit(code);
