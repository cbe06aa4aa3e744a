/** The migrations, compiled into the executable. Released ones are never edited: add another. */

import ledger from "../../../migrations/0001_ledger.sql" with { type: "text" };
import productTables from "../../../migrations/0002_product_tables.sql" with { type: "text" };
import indexes from "../../../migrations/0003_indexes.sql" with { type: "text" };
import moderatedChildren from "../../../migrations/0004_moderated_children.sql" with {
  type: "text",
};
import requests from "../../../migrations/0005_requests.sql" with { type: "text" };
import looseReferences from "../../../migrations/0006_loose_references.sql" with { type: "text" };
import membershipsInForce from "../../../migrations/0007_memberships_in_force.sql" with {
  type: "text",
};
import lease from "../../../migrations/0008_lease.sql" with { type: "text" };
import reads from "../../../migrations/0009_reads.sql" with { type: "text" };
import positions from "../../../migrations/0010_positions.sql" with { type: "text" };
import reconciles from "../../../migrations/0011_reconciles.sql" with { type: "text" };
import publicViews from "../../../migrations/0012_public_views.sql" with { type: "text" };
import namedFunctions from "../../../migrations/0013_named_functions.sql" with { type: "text" };
import comments from "../../../migrations/0014_comments.sql" with { type: "text" };
import membershipsOfAPair from "../../../migrations/0015_memberships_of_a_pair.sql" with {
  type: "text",
};
import mappings from "../../../migrations/0016_mappings.sql" with { type: "text" };
import membershipsByOnePlan from "../../../migrations/0017_memberships_by_one_plan.sql" with {
  type: "text",
};
import partitions from "../../../migrations/0018_partitions.sql" with { type: "text" };
import textsCompared from "../../../migrations/0019_texts_compared.sql" with { type: "text" };
import instances from "../../../migrations/0020_instances.sql" with { type: "text" };
import notesOfStarts from "../../../migrations/0021_notes_of_starts.sql" with { type: "text" };
import plainComments from "../../../migrations/0022_plain_comments.sql" with { type: "text" };
import plainColumns from "../../../migrations/0023_plain_columns.sql" with { type: "text" };
import placeRules from "../../../migrations/0024_place_rules.sql" with { type: "text" };

export interface Migration {
  /** Counts up from 1. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "ledger", sql: ledger },
  { version: 2, name: "product_tables", sql: productTables },
  { version: 3, name: "indexes", sql: indexes },
  { version: 4, name: "moderated_children", sql: moderatedChildren },
  { version: 5, name: "requests", sql: requests },
  { version: 6, name: "loose_references", sql: looseReferences },
  { version: 7, name: "memberships_in_force", sql: membershipsInForce },
  { version: 8, name: "lease", sql: lease },
  { version: 9, name: "reads", sql: reads },
  { version: 10, name: "positions", sql: positions },
  { version: 11, name: "reconciles", sql: reconciles },
  { version: 12, name: "public_views", sql: publicViews },
  { version: 13, name: "named_functions", sql: namedFunctions },
  { version: 14, name: "comments", sql: comments },
  { version: 15, name: "memberships_of_a_pair", sql: membershipsOfAPair },
  { version: 16, name: "mappings", sql: mappings },
  { version: 17, name: "memberships_by_one_plan", sql: membershipsByOnePlan },
  { version: 18, name: "partitions", sql: partitions },
  { version: 19, name: "texts_compared", sql: textsCompared },
  { version: 20, name: "instances", sql: instances },
  { version: 21, name: "notes_of_starts", sql: notesOfStarts },
  { version: 22, name: "plain_comments", sql: plainComments },
  { version: 23, name: "plain_columns", sql: plainColumns },
  { version: 24, name: "place_rules", sql: placeRules },
];
