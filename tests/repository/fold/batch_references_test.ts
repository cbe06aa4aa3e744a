/**
 * The records whose verdict a batch can change without containing them. Everything that these refer to is
 * loaded; the others keep the ledger's verdict.
 */

import assert from "node:assert/strict";
import { createDecoders } from "../../../lib/indexer/decoders.ts";
import { COLLECTIONS } from "../../../lib/mapper/collections/registry.ts";
import { createMapper } from "../../../lib/mapper/content.ts";
import type { Mentions } from "../../../lib/mapper/link.ts";
import type { Event } from "../../../lib/decoder/event.ts";
import { BatchReferences } from "../../../lib/repository/fold/batch_references.ts";
import { type JetstreamEvent, StoredEvent } from "../../support/jetstream/stored_event.ts";
import { SampleEvents, uriOf } from "../../support/sample_events.ts";

const mapper = createMapper(COLLECTIONS, "a secret of the tests");
const decoder = createDecoders({ wantedCollections: ["app.subcult.*"], wantedDids: [] }).for("v1");
const events = new SampleEvents();

function decoded(...sent: readonly JetstreamEvent[]): Event[] {
  return sent.flatMap((event) =>
    decoder.decode(new StoredEvent(event, 1, event.time_us ?? 0, false).text("v1") ?? "")
  );
}

/** The references of a post. */
function post(fields: Readonly<Record<string, unknown>>): Mentions {
  const [event] = decoded(events.put("bob/post/a", { sceneId: undefined, ...fields }));
  assert.equal(event?.kind, "commit");
  return mapper.mentions(event);
}

/** Whether a batch of these events can change the verdict on a stored record. */
function concerns(record: Mentions, ...batch: readonly JetstreamEvent[]): boolean {
  return new BatchReferences(mapper, decoded(...batch), []).concerns(record);
}

const BY_ADDRESS = post({ sceneId: uriOf("alice/scene/s1") });
const BY_NAME = post({ sceneId: "s1" });
const AT_EVENT = post({ eventId: uriOf("alice/event/e1") });

Deno.test("a record is concerned by a change of what it refers to, and of no other record", () => {
  for (const record of [BY_ADDRESS, BY_NAME]) {
    assert.equal(concerns(record, events.delete("alice/scene/s1")), true);
    assert.equal(concerns(record, events.delete("alice/scene/s2")), false);
    assert.equal(concerns(record, events.delete("alice/post/s1")), false);
  }
});

Deno.test("a record is concerned by its own account, and by the account of what it refers to by address", () => {
  assert.equal(concerns(BY_ADDRESS, events.account("bob", true)), true);
  assert.equal(concerns(BY_ADDRESS, events.account("alice", true)), true);
  assert.equal(concerns(BY_ADDRESS, events.account("carol", true)), false);
});

Deno.test("a record that refers to another by its name alone is concerned by every account", () => {
  assert.equal(concerns(BY_NAME, events.account("carol", true)), true);
  assert.equal(concerns(BY_NAME, events.identity("carol", "carol.example")), false);
});

Deno.test("a record is always concerned when its parent refers to others: any of those may change", () => {
  assert.equal(concerns(AT_EVENT, events.delete("alice/scene/s1")), true);
});
