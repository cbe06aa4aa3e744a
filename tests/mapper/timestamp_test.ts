import assert from "node:assert/strict";
import { createdAt, normalizeTime } from "../../lib/mapper/timestamp.ts";
import { EVENT_TIME, EVENT_TIME_US } from "../support/mapper_sample.ts";

Deno.test("a time becomes UTC with six fractional digits", () => {
  const times = [
    ["2026-08-20T09:30:01Z", "2026-08-20T09:30:01.000000Z"],
    ["2026-08-20T09:30:01.5Z", "2026-08-20T09:30:01.500000Z"],
    ["2026-08-20T09:30:01.004512Z", "2026-08-20T09:30:01.004512Z"],
    ["2026-08-20T09:30:01.0045129999Z", "2026-08-20T09:30:01.004512Z"],
    ["2026-08-20T09:30:01+00:00", "2026-08-20T09:30:01.000000Z"],
    ["2026-08-20T09:30:01-00:00", "2026-08-20T09:30:01.000000Z"],
    ["2026-08-20T09:30:01.25-07:00", "2026-08-20T16:30:01.250000Z"],
    ["2026-01-01T00:30:00+05:45", "2025-12-31T18:45:00.000000Z"],
    ["2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000000Z"],
    ["2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
    ["0099-12-31T23:00:00-02:00", "0100-01-01T01:00:00.000000Z"],
    ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
  ];
  for (const [text, expected] of times) assert.equal(normalizeTime(text ?? ""), expected, text);
});

Deno.test("a time that Postgres or a calendar would change is invalid", () => {
  const texts = [
    "",
    "now",
    "infinity",
    "2026-08-20",
    "2026-08-20T09:30:01",
    "2026-08-20 09:30:01Z",
    "2026-08-20t09:30:01z",
    "2026-08-20T09:30Z",
    "2026-08-20T09:30:60Z",
    "2026-08-20T24:00:00Z",
    "2026-08-20T09:60:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-04-00T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "10000-01-01T00:00:00Z",
    "+275760-09-13T00:00:00.000Z",
    "-000001-01-01T00:00:00Z",
    "2026-08-20T09:30:01+24:00",
    "2026-08-20T09:30:01+05:60",
    "2026-08-20T09:30:01+0500",
    "2026-08-20T09:30:01.Z",
    "2026-08-20T09:30:01,5Z",
    " 2026-08-20T09:30:01Z",
    "2026-08-20T09:30:01Z\n",
    "２０２６-08-20T09:30:01Z",
    `2026-08-20T09:30:01.${"9".repeat(100_000)}Z`,
  ];
  for (const text of texts) assert.equal(normalizeTime(text), null, text.slice(0, 50));
});

Deno.test("a time has at most 64 characters", () => {
  const time = (length: number): string => `${"2026-08-20T09:30:01.".padEnd(length - 1, "0")}Z`;
  assert.equal(normalizeTime(time(64)), "2026-08-20T09:30:01.000000Z");
  assert.equal(normalizeTime(time(65)), null);
});

Deno.test("normalised times compare as text", () => {
  const early = normalizeTime("2026-08-20T10:00:00.5+02:00") ?? "";
  const late = normalizeTime("2026-08-20T08:00:00.500001Z") ?? "";
  assert.ok(early < late);
});

Deno.test("the creation time of a record is its createdAt, if that is valid and not after the event", () => {
  const claims = [
    ["2026-08-20T09:30:01.004Z", "2026-08-20T09:30:01.004000Z"],
    ["2026-08-20T09:30:01.004512Z", EVENT_TIME],
    ["1999-01-01T00:00:00+01:00", "1998-12-31T23:00:00.000000Z"],
  ];
  for (const [claimed, expected] of claims) {
    assert.equal(createdAt({ createdAt: claimed ?? "" }, EVENT_TIME_US), expected);
  }
});

Deno.test("without a valid createdAt, or with a later one, the creation time is that of the event", () => {
  for (
    const claimed of [
      "2026-08-20T09:30:01.004513Z",
      "2999-01-01T00:00:00Z",
      "soon",
      "",
      5,
      null,
      {},
    ]
  ) {
    assert.equal(createdAt({ createdAt: claimed }, EVENT_TIME_US), EVENT_TIME);
  }
  assert.equal(createdAt({}, EVENT_TIME_US), EVENT_TIME);
  const inherited = JSON.parse('{"__proto__":{"createdAt":"1999-01-01T00:00:00Z"}}');
  assert.equal(createdAt(inherited, EVENT_TIME_US), EVENT_TIME);
});
