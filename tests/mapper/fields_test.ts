import assert from "node:assert/strict";
import type { Json } from "../../lib/decoder/json.ts";
import { isRefusal } from "../../lib/mapper/collection.ts";
import { decimalNumber } from "../../lib/mapper/decimal.ts";
import type { Reason } from "../../lib/reason.ts";
import { mapped, refused, SMALLEST, STRANGER, tryMap, without } from "../support/mapper_sample.ts";

const long = (length: number): string => "x".repeat(length);
const many = (count: number, item: Json = "x"): Json[] => new Array<Json>(count).fill(item);

const WRONG = {
  text: [5, true, {}, ["x"]],
  number: ["", "half", "5e-1", " 0.5", "0,5", ".5", "0x1", "0." + "0".repeat(70), true, {}, [0.5]],
  boolean: ["true", 1, {}, [true]],
  list: ["x", 5, true, {}],
  object: ["x", 5, true, ["x"]],
} as const satisfies Record<string, readonly Json[]>;

interface Rule {
  readonly field: string;
  /** Its column; null when the row doesn't show it as it is. */
  readonly column: string | null;
  readonly type: keyof typeof WRONG;
  /** The column's value when the record doesn't have the field; a reason when the field is required. */
  readonly absent: { readonly refused: Reason } | { readonly stored: unknown };
  /** Values that are stored as they are. */
  readonly accepted: readonly Json[];
  readonly refusals: readonly (readonly [value: Json, reason: Reason])[];
}

const mustHave = { refused: "missing_field" } as const;
const time = {
  type: "text",
  accepted: ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"],
  refusals: [
    ["", "invalid_time"],
    ["tomorrow", "invalid_time"],
    ["2026-09-01", "invalid_time"],
    ["2026-09-01T20:00:00", "invalid_time"],
    ["2026-02-30T20:00:00Z", "invalid_time"],
    ["+275760-09-13T00:00:00Z", "invalid_time"],
    ["10000-01-01T00:00:00Z", "invalid_time"],
    ["0000-01-01T00:00:00Z", "invalid_time"],
    ["infinity", "invalid_time"],
  ],
} as const;
const tags = {
  type: "list",
  absent: { stored: [] },
  accepted: [[], ["techno"], ["", "a"], [long(100)], ["😀".repeat(100)], many(50)],
  refusals: [
    [many(51), "too_many"],
    [many(100_000), "too_many"],
    [["x", long(101)], "too_long"],
    [[5], "invalid_type"],
    [[null], "invalid_type"],
    [[["x"]], "invalid_type"],
  ],
} as const;
const weight = {
  type: "number",
  accepted: [0, 1, 0.5, 1e-9],
  refusals: [
    [1.5, "out_of_range"],
    [2.5, "out_of_range"],
    [-0.1, "out_of_range"],
    ["1.5", "out_of_range"],
    ["-0.1", "out_of_range"],
    ["123456789012345678901234567890", "out_of_range"],
  ],
} as const;
const name = {
  field: "name",
  type: "text",
  absent: mustHave,
  accepted: ["x", " ", long(255), "😀".repeat(255), "<b>&amp;</b>"],
  refusals: [["", "empty_field"], [long(256), "too_long"], ["😀".repeat(256), "too_long"]],
} as const;
const description = {
  field: "description",
  column: "description",
  type: "text",
  absent: { stored: null },
  accepted: ["", "x", long(10_000), "😀".repeat(10_000), "a\nb"],
  refusals: [[long(10_001), "too_long"], [long(100_000), "too_long"]],
} as const;
const reference = {
  column: null,
  type: "text",
  accepted: ["scene9", "at://did:plc:x/app.subcult.scene/scene9"],
  refusals: [["", "empty_field"]],
} as const;

const RULES: Readonly<Record<string, readonly Rule[]>> = {
  scene: [
    { ...name, column: "name" },
    description,
    { field: "tags", column: "tags", ...tags },
    {
      field: "visibility",
      column: "visibility",
      type: "text",
      absent: { stored: "public" },
      accepted: ["public", "private", "unlisted"],
      refusals: [["secret", "unknown_value"], ["", "unknown_value"], ["Public", "unknown_value"]],
    },
    {
      field: "palette",
      column: "palette",
      type: "object",
      absent: { stored: {} },
      accepted: [{ primary: "a", secondary: "b", accent: "c", background: "d", text: long(32) }],
      refusals: [[{ accent: long(33) }, "too_long"], [{ text: 5 }, "invalid_type"]],
    },
  ],
  event: [
    { ...name, column: "title" },
    description,
    { field: "sceneId", ...reference, absent: mustHave },
    { field: "startsAt", column: "starts_at", ...time, absent: mustHave },
    { field: "endsAt", column: "ends_at", ...time, accepted: [], absent: { stored: null } },
    { field: "tags", column: "tags", ...tags },
    {
      field: "status",
      column: "status",
      type: "text",
      absent: { stored: "scheduled" },
      accepted: ["scheduled", "live", "ended", "cancelled"],
      refusals: [["canceled", "unknown_value"], ["", "unknown_value"]],
    },
  ],
  post: [
    {
      field: "text",
      column: "text",
      type: "text",
      absent: mustHave,
      accepted: ["x", long(5000), "😀".repeat(5000)],
      refusals: [["", "empty_field"], [long(5001), "too_long"]],
    },
    { field: "sceneId", ...reference, absent: mustHave },
    { field: "eventId", ...reference, absent: { stored: null } },
    { field: "labels", column: "labels", ...tags },
    {
      field: "attachments",
      column: "attachments",
      type: "list",
      absent: { stored: [] },
      accepted: [[], many(6, { url: "https://a.example/" })],
      refusals: [
        [many(7, { url: "x" }), "too_many"],
        [["x"], "invalid_type"],
        [[null], "invalid_type"],
        [[{ url: 5 }], "invalid_type"],
        [[{ key: {} }], "invalid_type"],
        [[{ type: true }], "invalid_type"],
        [[{ sizeBytes: "5" }], "invalid_type"],
        [[{ sizeBytes: 1.5 }], "invalid_type"],
        [[{ sizeBytes: -1 }], "out_of_range"],
        [[{ sizeBytes: 2 ** 60 }], "out_of_range"],
        [[{ width: -1 }], "out_of_range"],
        [[{ height: "1" }], "invalid_type"],
        [[{ durationSeconds: -0.5 }], "out_of_range"],
        [[{ durationSeconds: "-9.5" }], "out_of_range"],
        [[{ durationSeconds: "9s" }], "invalid_type"],
      ],
    },
  ],
  alliance: [
    { field: "fromSceneId", ...reference, absent: mustHave },
    { field: "toSceneId", ...reference, absent: mustHave },
    { field: "weight", column: "weight", ...weight, absent: { stored: 1 } },
    {
      field: "status",
      column: "status",
      type: "text",
      absent: { stored: "active" },
      accepted: ["pending", "active", "rejected", "dissolved"],
      refusals: [["friends", "unknown_value"], ["", "unknown_value"]],
    },
    {
      field: "reason",
      column: "reason",
      type: "text",
      absent: { stored: null },
      accepted: ["", "old friends", long(256)],
      refusals: [[long(257), "too_long"]],
    },
    { field: "since", column: "since", ...time, absent: { stored: null } },
  ],
  membership: [
    { field: "sceneId", ...reference, absent: mustHave },
    {
      field: "member",
      column: "user_did",
      type: "text",
      absent: { stored: "did:plc:abcdefghijklmnopqrstuvwx" },
      accepted: ["did:plc:zzzzzzzzzzzzzzzzzzzzzzzz", "did:web:example.com"],
      refusals: [
        ["", "invalid_did"],
        ["alice.example", "invalid_did"],
        ["did:plc:", "invalid_did"],
        [`did:web:${long(2048)}`, "invalid_did"],
      ],
    },
    {
      field: "role",
      column: null,
      type: "text",
      absent: { stored: null },
      accepted: ["owner", "curator", "member", "guest"],
      refusals: [["admin", "unknown_value"], ["", "unknown_value"]],
    },
    {
      field: "status",
      column: null,
      type: "text",
      absent: { stored: null },
      accepted: ["pending", "active", "rejected"],
      refusals: [["banned", "unknown_value"]],
    },
    { field: "trustWeight", column: null, ...weight, absent: { stored: null } },
    { field: "since", column: "since", ...time, absent: { stored: null } },
  ],
  stream: [
    { field: "sceneId", ...reference, absent: mustHave },
    {
      field: "roomName",
      column: "room_name",
      type: "text",
      absent: mustHave,
      accepted: ["x", long(255)],
      refusals: [["", "empty_field"], [long(256), "too_long"]],
    },
    {
      field: "startedAt",
      column: "started_at",
      ...time,
      absent: { stored: null },
    },
    { field: "endedAt", column: "ended_at", ...time, accepted: [], absent: { stored: null } },
    {
      field: "isLocked",
      column: "is_locked",
      type: "boolean",
      absent: { stored: false },
      accepted: [true, false],
      refusals: [],
    },
    {
      field: "featuredParticipant",
      column: "featured_participant",
      type: "text",
      absent: { stored: null },
      accepted: ["", "x", long(255)],
      refusals: [[long(256), "too_long"]],
    },
  ],
};

for (const [collection, rules] of Object.entries(RULES)) {
  for (const rule of rules) {
    const { field, column, absent } = rule;

    Deno.test("a reference is a text, or an object that says it in uri", () => {
      const uri = `at://${STRANGER}/app.subcult.scene/s`;
      for (const sceneId of [uri, { uri, cid: "c" }, { uri }, { uri: "scene1" }]) {
        assert.equal(mapped("post", { sceneId }).references.length, 1);
      }
      for (
        const [sceneId, reason] of [
          [{}, "invalid_type"],
          [{ cid: "c" }, "invalid_type"],
          [{ uri: null }, "invalid_type"],
          [{ uri: { uri } }, "invalid_type"],
          [[uri], "invalid_type"],
          [{ uri: "" }, "empty_field"],
          ["", "empty_field"],
        ] as const
      ) {
        for (const name of ["event", "membership"]) {
          const refusal = refused(name, { sceneId: sceneId as Json });
          assert.equal(refusal.reason, reason);
          assert.match(refusal.detail, /^sceneId: /);
        }
      }
      for (const name of ["event", "membership"]) {
        const result = tryMap(name, without(name, "sceneId"));
        assert.ok(isRefusal(result) && result.reason === "missing_field");
      }
    });

    Deno.test(`${collection}.${field}: absent and null are the same`, () => {
      for (
        const record of [without(collection, field), { ...SMALLEST[collection], [field]: null }]
      ) {
        const result = tryMap(collection, record);
        if ("refused" in absent) {
          assert.ok(isRefusal(result));
          assert.equal(result.reason, absent.refused);
        } else {
          assert.ok(!isRefusal(result), JSON.stringify(result));
          if (column !== null) assert.deepEqual(result.row[column], absent.stored);
        }
      }
    });

    Deno.test(`${collection}.${field}: another type is refused, and never converted`, () => {
      for (const value of WRONG[rule.type]) {
        const { reason, detail } = refused(collection, { [field]: value });
        assert.equal(reason, "invalid_type", JSON.stringify(value));
        assert.ok(detail.startsWith(field), detail);
      }
    });

    Deno.test(`${collection}.${field}: values up to the limit are stored as written`, () => {
      for (const value of rule.accepted) {
        const { row } = mapped(collection, { [field]: value });
        if (column !== null) assert.deepEqual(row[column], value);
      }
    });

    Deno.test(`${collection}.${field}: values past the limit are refused, and not quoted`, () => {
      for (const [value, expected] of rule.refusals) {
        const { reason, detail } = refused(collection, { [field]: value });
        assert.equal(reason, expected, JSON.stringify(value).slice(0, 100));
        assert.ok(detail.length < 200 && detail.includes("expected"), detail);
        if (typeof value === "string" && value.length > 4) assert.ok(!detail.includes(value));
      }
    });
  }

  Deno.test(`${collection}: unknown fields are ignored`, () => {
    const unknown = {
      $type: "app.example.other",
      embed: { a: [1] },
      constructor: "x",
      toString: 5,
      ...JSON.parse('{"__proto__":{"name":"y","text":"z"}}'),
    };
    assert.deepEqual(mapped(collection, unknown), mapped(collection, {}));
  });

  Deno.test(`${collection}: an empty record and one with inherited names only is refused`, () => {
    for (const text of ["{}", `{"__proto__":${JSON.stringify(SMALLEST[collection])}}`]) {
      const result = tryMap(collection, JSON.parse(text));
      assert.ok(isRefusal(result));
      assert.equal(result.reason, "missing_field");
    }
  });

  Deno.test(`${collection}: mapping is a pure function`, () => {
    const record = Object.freeze({ ...SMALLEST[collection] });
    assert.deepEqual(tryMap(collection, record), tryMap(collection, structuredClone(record)));
  });
}

Deno.test("a weight or a duration as decimal text is that number", () => {
  for (const [text, number] of [["0.8", 0.8], ["1", 1], ["+0.50", 0.5], ["0", 0]] as const) {
    const member = "did:plc:zzzzzzzzzzzzzzzzzzzzzzzz";
    assert.equal(mapped("alliance", { weight: text }).row.weight, number);
    assert.equal(mapped("membership", { member, trustWeight: text }).row.trust_weight, number);
  }
  const { row } = mapped("post", { attachments: [{ url: "u", durationSeconds: "12.5" }] });
  assert.deepEqual(row.attachments, [{ url: "u", duration_seconds: 12.5 }]);
});

Deno.test("decimal text has at most 64 characters", () => {
  assert.equal(decimalNumber("1.".padEnd(64, "0")), 1);
  assert.equal(decimalNumber("1.".padEnd(65, "0")), null);
});

Deno.test("the length in a refusal is counted as the limit is: in code points", () => {
  assert.equal(
    refused("scene", { name: "👩‍👧".repeat(86) }).detail,
    "name: got text of 258, expected at most 255 characters",
  );
});

Deno.test("a refusal names the field, also inside lists and objects", () => {
  assert.equal(
    refused("post", { attachments: [{}, { sizeBytes: "9" }] }).detail,
    "attachments[1].sizeBytes: got text of 1, expected a number",
  );
  assert.equal(
    refused("alliance", { weight: "much" }).detail,
    "weight: got text of 4, expected a number or decimal text",
  );
  assert.equal(
    refused("scene", { palette: { accent: 5 } }).detail,
    "palette.accent: got a number, expected text",
  );
  assert.equal(refused("scene", { name: null }).detail, "name: got null, expected text");
  assert.equal(
    refused("event", { status: "off" }).detail,
    "status: got text of 3, expected one of scheduled, live, ended, cancelled",
  );
});
