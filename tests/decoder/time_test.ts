import assert from "node:assert/strict";
import { eventTime, micros, microsFromRfc3339 } from "../../lib/decoder/time.ts";

Deno.test("all six digits of a fraction survive", () => {
  assert.equal(microsFromRfc3339("2026-08-20T09:30:01.004512Z"), 1787218201004512);
  assert.equal(microsFromRfc3339("1970-01-01T00:00:00.000001Z"), 1);
  assert.equal(microsFromRfc3339("1970-01-01T00:00:00Z"), 0);
  assert.equal(microsFromRfc3339("1970-01-01T00:00:01.5Z"), 1_500_000);
  assert.equal(microsFromRfc3339("1970-01-01T00:00:00.123456789Z"), 123_456);
});

Deno.test("a fraction may have any number of digits, and T and Z any case", () => {
  for (const digits of ["1234567891", "123456999999", "123456" + "9".repeat(1000)]) {
    assert.equal(microsFromRfc3339(`1970-01-01T00:00:00.${digits}Z`), 123_456);
    assert.equal(microsFromRfc3339(`1970-01-01T01:00:00.${digits}+01:00`), 123_456);
  }
  assert.equal(microsFromRfc3339("1970-01-01t00:00:01z"), 1_000_000);
  assert.equal(microsFromRfc3339("1970-01-01T00:00:00.Z"), null);
});

Deno.test("a zone offset is applied", () => {
  assert.equal(microsFromRfc3339("1970-01-01T02:30:00+02:30"), 0);
  assert.equal(microsFromRfc3339("1969-12-31T23:00:00-01:00"), 0);
  assert.equal(microsFromRfc3339("2024-02-29T00:00:00Z"), 1709164800000000);
});

Deno.test("invalid times, days outside the calendar, and times before 1970 or too late are null", () => {
  for (
    const text of [
      "",
      "now",
      "2026-08-20",
      "2026-08-20T09:30:01",
      "2026-08-20 09:30:01Z",
      "2026-02-31T00:00:00Z",
      "2025-02-29T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-01-01T24:00:00Z",
      "2026-01-01T00:60:00Z",
      "2016-12-31T23:59:60Z",
      "2026-01-01T00:00:00+24:00",
      "1969-12-31T23:59:59.999999Z",
      "0001-01-01T00:00:00Z",
      "0070-01-01T00:00:00Z",
      "9999-12-31T23:59:59Z",
      "+275760-09-13T00:00:00Z",
      "2026-08-20T09:30:01.004512Z\n",
      5,
      null,
      undefined,
    ]
  ) assert.equal(microsFromRfc3339(text), null, String(text));
});

Deno.test("a cursor or a time is a safe integer from zero on", () => {
  for (const value of [0, 1, 2 ** 53 - 1]) assert.equal(micros(value), value);
  const none = [
    -1,
    0.5,
    2 ** 53,
    NaN,
    Infinity,
    "",
    "-1",
    "1.5",
    " 1",
    "9007199254740992",
    null,
    1n,
  ];
  for (const value of [...none, undefined, {}]) {
    assert.equal(micros(value), null);
  }
  assert.equal(micros("0"), 0);
  assert.equal(micros("1787218201004512"), 1787218201004512, "a text of digits is that number");
});

Deno.test("an event can have any time except 0, which means none", () => {
  for (const value of [1, 2 ** 53 - 1]) assert.equal(eventTime(value), value);
  for (const value of [0, -0, -1, null]) assert.equal(eventTime(value), null);
});
