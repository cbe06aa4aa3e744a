/** The protections of promise 4, each with a run without it. */

import { createDecoders, type Decoders } from "../../../lib/indexer/decoders.ts";
import type { Coarsen } from "../../../lib/decoder/wire/decoder.ts";
import type { Message } from "../../../lib/decoder/raw_message.ts";
import type { Event } from "../../../lib/decoder/event.ts";
import type { Logger } from "../../../lib/log/logger.ts";
import { coarsen } from "../../../lib/mapper/consent/consent.ts";

export interface Breach {
  /** The removed protection. */
  readonly without: string;
  /** Where a mark must be found without it. */
  readonly leaksTo: RegExp;
  readonly decoders?: () => Decoders;
  readonly logger?: (write: (line: string) => void) => Logger;
  /** Run on the migrated database before anything else. */
  readonly sql?: string;
  /** Largest batch, if a row must be stored before it is removed. */
  readonly batch?: number;
  /** One of so many disguises, where none of them is what leaks. */
  readonly every?: number;
}

const OWN = new Set(["location", "coarseGeohash"]);

export const BREACHES: readonly Breach[] = [
  {
    without: "coarsening",
    leaksTo: /^records\.record$/,
    decoders: () => decoders((_collection, record) => ({ record, refusal: null })),
  },
  {
    without: "the search for hidden places",
    leaksTo: /^records\.record$/,
    decoders: () =>
      decoders((collection, record) => {
        const coarse = coarsen(collection, record);
        const hidden = Object.entries(record).filter(([key]) => !OWN.has(key));
        const own = Object.entries(coarse.record).filter(([key]) => OWN.has(key));
        return { ...coarse, record: Object.fromEntries([...hidden, ...own]) };
      }),
  },
  {
    without: "consent, in the decoder and in the database",
    leaksTo: /^(records\.record|dead_letters\.payload)$/,
    decoders: () =>
      decoders((_collection, record) => {
        const cleaned = coarsen("app.subcult.post", { ...record, location: null }).record;
        return { record: { ...cleaned, location: record.location ?? null }, refusal: null };
      }),
    sql: `alter table records drop constraint chk_records_consent,
        drop constraint chk_records_geohash;
      alter table dead_letters drop constraint chk_dead_letters_consent,
        drop constraint chk_dead_letters_geohash`,
  },
  {
    without: "the masking of what can't be parsed",
    leaksTo: /^dead_letters\.payload$/,
    decoders: () =>
      rewriting((event, message) =>
        event.kind === "malformed"
          ? { ...event, excerpt: String(message).replaceAll("\0", "") }
          : event
      ),
  },
  {
    without: "refusals that quote nothing",
    leaksTo: /^dead_letters\.detail$/,
    decoders: () =>
      rewriting((event, message) => {
        if (event.kind !== "commit" || event.refusal === null) return event;
        const detail = String(message).replaceAll("\0", "");
        return { ...event, refusal: { ...event.refusal, detail } };
      }),
  },
  {
    without: "redaction",
    leaksTo: /^log$/,
    logger: (write) => {
      const log = (message: string, fields: object = {}): void => {
        const texts = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
        write([message, ...texts].join(" "));
      };
      return { debug: log, info: log, warn: log, error: log };
    },
  },
  {
    without: "the clearing of rows that are hidden",
    leaksTo: /^(scenes|events)\.(precise|display)_point$/,
    batch: 2,
    every: 1000,
    sql: ["scenes", "events"].map((table) => `
      alter table ${table} drop constraint chk_${table.slice(0, -1)}_hidden;
      ${undoing(table, "not new.indexer_live", "precise_point", "display_point")}`).join(""),
  },
  {
    without: "letters that lose what they quote",
    leaksTo: /^dead_letters\.payload$/,
    sql: undoing("dead_letters", "new.payload is null", "payload"),
  },
  {
    without: "deleted records that lose their content",
    leaksTo: /^records\.record$/,
    sql: `alter table records drop constraint chk_records_deleted;
      ${undoing("records", "new.record is null", "record")}`,
  },
];

function decoders(coarsen: Coarsen): Decoders {
  return createDecoders({ wantedCollections: ["app.subcult.*"], wantedDids: [], coarsen });
}

/** Decoders whose events are changed. */
function rewriting(rewrite: (event: Event, message: Message) => Event): Decoders {
  const real = decoders(coarsen);
  return {
    ...real,
    for: (protocol) => {
      const decoder = real.for(protocol);
      return {
        decode: (message) => decoder.decode(message).map((event) => rewrite(event, message)),
        isForeign: (message) => decoder.isForeign(message),
        isForeignText: decoder.isForeignText,
        positionOf: (message) => decoder.positionOf(message),
      };
    },
  };
}

/** A trigger that keeps a value that an update would remove. */
function undoing(table: string, when: string, ...columns: readonly string[]): string {
  const keeps = columns.map((column) => `new.${column} := old.${column};`).join(" ");
  return `create function keep_${table}() returns trigger language plpgsql as
      $$ begin ${keeps} return new; end $$;
    create trigger keep before update on ${table} for each row when (${when})
      execute function keep_${table}();`;
}
