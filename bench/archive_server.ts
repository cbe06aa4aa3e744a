/** A process with an archive of some blocks in one segment, without a live stream. */

import { ArchiveServer } from "../tests/support/jetstream/archive_server.ts";
import { blockOf } from "../tests/support/jetstream/archive_file.ts";
import { corpusLines } from "../tests/support/corpus.ts";
import { archiveRows } from "./archive_rows.ts";
import { say } from "./processes.ts";
import { compress } from "./zstd.ts";

const lines = corpusLines() ?? [];
const blocks = Array.from(
  { length: Number(Deno.args[0]) },
  (_, i) => blockOf(archiveRows(lines, i)),
);
const frames = await compress(blocks.map(({ body }) => body), null);
const server = new ArchiveServer([
  blocks.map((block, i) => ({ ...block, frame: frames[i] ?? block.frame })),
]);
say({ url: server.url });
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
