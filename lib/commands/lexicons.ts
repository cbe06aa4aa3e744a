import { COLLECTIONS } from "../mapper/collections/registry.ts";
import { didYouMean } from "../spelling.ts";
import { type Command, UsageError } from "./command.ts";
import { parseOptions } from "./options.ts";

export const lexicons: Command = {
  name: "lexicons",
  summary: "print the lexicon documents of records",
  help: `usage: jetstream-indexer lexicons [NSID]

Prints the lexicon documents of the collections that have
tables, as a JSON array, or the document of one collection.

Examples:
  jetstream-indexer lexicons app.subcult.scene
  jetstream-indexer lexicons | jq -r '.[].id'`,
  run(args, { print }): Promise<number> {
    const { words: [nsid, ...more] } = parseOptions(args, {}, { words: true });
    if (more.length > 0) throw new UsageError("lexicons takes one NSID");
    const documents = COLLECTIONS.map(({ lexicon }) => lexicon);
    const one = documents.find(({ id }) => id === nsid);
    if (nsid !== undefined && one === undefined) {
      const hint = didYouMean(nsid, documents.map(({ id }) => id));
      throw new UsageError(`there is no lexicon document ${JSON.stringify(nsid)}${hint}`);
    }
    print(JSON.stringify(one ?? documents, null, 2));
    return Promise.resolve(0);
  },
};
