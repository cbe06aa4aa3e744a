import assert from "node:assert/strict";
import { silentLogger } from "../../lib/log/logger.ts";
import { SourceError } from "../../lib/pds/source_error.ts";
import { FailureLog } from "../../lib/reconcile/failure_log.ts";

Deno.test("an unreachable host is logged once a minute, for any number of repositories", () => {
  const lines: unknown[] = [];
  let now = 0;
  const logger = {
    ...silentLogger,
    warn: (_message: string, fields: object = {}) =>
      void lines.push({ ...fields, error: undefined }),
  };
  const log = new FailureLog(logger, { monotonic: () => now });
  const away = new SourceError("unreachable", "cannot read plc.example", { host: "plc.example" });
  const other = new SourceError("unreachable", "cannot read pds.example", { host: "pds.example" });
  for (let n = 0; n < 500; n++) log.failed(`did:plc:${n}`, away);
  log.failed("did:plc:other", other);
  now = 59_999;
  log.failed("did:plc:500", away);
  now = 60_000;
  log.failed("did:plc:501", away);
  log.failed("did:plc:502", new Error("ours"));
  const failure = "unreachable";
  assert.deepEqual(lines, [
    { did: "did:plc:0", failure, error: undefined },
    { did: "did:plc:other", failure, error: undefined },
    { did: "did:plc:501", failure, error: undefined, others: 500 },
    { did: "did:plc:502", failure: "failed", error: undefined },
  ]);
});

Deno.test("a thousand hosts are remembered, and one more resets the memory", () => {
  let lines = 0;
  const logger = { ...silentLogger, warn: () => void lines++ };
  const log = new FailureLog(logger, { monotonic: () => 0 });
  const fail = (host: number): void =>
    log.failed("did:plc:x", new SourceError("unreachable", "away", { host: `${host}.example` }));
  for (let host = 0; host < 1_000; host++) fail(host);
  fail(0);
  assert.equal(lines, 1_000);
  fail(1_000);
  fail(0);
  assert.equal(lines, 1_002);
});
