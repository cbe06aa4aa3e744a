/**
 * Drops a test's database: `deno run -A tests/support/drop_database.ts NAME`, with TEST_DATABASE_URL set.
 */

import { dropDatabase } from "./server_database.ts";

const [name] = Deno.args;
if (name === undefined) throw new Error("cannot drop a database: got no name");
await dropDatabase(name);
