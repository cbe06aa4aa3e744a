/** The statements of a document, each with its title and with values for its parameters. */

import assert from "node:assert/strict";
import { MEMBER, SEEN, SEEN_EVENT } from "./filled_reads.ts";

/** Parameters of the queries. For each there is a row to show, and rows to hide. */
const PARAMETERS: Readonly<Record<string, string>> = {
  owner: "'did:plc:owner'",
  rkey: "'seen'",
  scene: `'${SEEN}'`,
  event: `'${SEEN_EVENT}'`,
  author: "'did:plc:author'",
  member: `'${MEMBER}'`,
  room: "'the room'",
  tag: "'rare'",
  words: "'cafe concert'",
  cell: "'u33db'",
  now: "'2031-01-01T00:00:00Z'",
  west: "13.4",
  south: "52.5",
  east: "13.41",
  north: "52.51",
  lng: "13.405",
  lat: "52.505",
  metres: "500",
};

export interface Read {
  readonly title: string;
  readonly sql: string;
}

/** Every statement of the text; fails for one without a title. */
export function readsOf(text: string): Read[] {
  const blocks = [...text.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.trim().split(/;(?:\n+|$)/)).filter((one) => one !== "")
    .map((one) => {
      const [, title = "", sql = ""] = /^-- ([^\n]*)\n([\s\S]*)$/.exec(one.trim()) ?? [];
      assert.ok(sql !== "", `no title: ${one}`);
      const filled = sql.replace(/(?<!:):([a-z]+)\b/g, (_, name: string) => {
        const value = PARAMETERS[name];
        assert.ok(value !== undefined, `${title}: no value for :${name}`);
        return value;
      });
      return { title, sql: filled };
    });
}
