/** Commands, settings, reasons, tables and links in OPERATIONS.md exist. */

import assert from "node:assert/strict";
import { ARCHIVE_NOTICES } from "../../lib/client/archive/replay_observer.ts";
import { NOTICES } from "../../lib/client/live/stream_observer.ts";
import { COMMANDS } from "../../lib/commands/all.ts";
import { isReason } from "../../lib/reason.ts";
import { OUTCOMES } from "../../lib/repository/outcome.ts";
import { SETTINGS } from "../../lib/config/settings.ts";
import { databaseTest } from "../support/database.ts";
import { headingSlugs } from "../support/monitoring_rules.ts";
import { isInRepository, repository } from "../support/repository_files.ts";

const operations = await repository("OPERATIONS.md");
const compose = await repository("docker-compose.yml");

/** SQL of a code block, and of psql's -c in one, statement by statement. */
function statements(): string[] {
  const blocks = [...operations.matchAll(/^ *```sql\n([^]*?)```/gm)].map(([, sql = ""]) => sql);
  const arguments_ = [...operations.matchAll(/-c (?:'([^']+)'|"([^"]+)")/g)]
    .map(([, single, double]) => single ?? double ?? "");
  return [...blocks, ...arguments_]
    .flatMap((sql) => sql.replaceAll(/^ *--.*$/gm, "").split(";"))
    .map((statement) => statement.trim())
    .filter((statement) => /^(select|update|delete)\b/.test(statement));
}

Deno.test("every command in OPERATIONS.md is one of the program's, with options that it has", () => {
  const code = [...operations.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text);
  const lines = [...operations.matchAll(/^ *(indexer .*)$/gm)].map(([, text = ""]) => text);
  const calls = [...code, ...lines].flatMap((text) => text.split(/ && /))
    .flatMap((text) => /^(?:jetstream-)?indexer (\S+)(.*)/.exec(text)?.slice(1) ?? []);
  assert(calls.length >= 20);
  for (let at = 0; at < calls.length; at += 2) {
    const [name = "", rest = ""] = calls.slice(at, at + 2);
    const command = COMMANDS.find((command) => command.name === name);
    assert(command !== undefined, name);
    for (const [option] of rest.matchAll(/--[a-z-]+|\b(?:list|show|retry|discard)\b/g)) {
      assert(command.help.includes(option), `${name} ${option}`);
    }
  }
});

Deno.test("every setting in OPERATIONS.md is one of the program's or of docker-compose.yml", () => {
  const names = [...operations.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name);
  assert(names.length > 30);
  // Of the runtime and of the machine; the text says what the program makes of them.
  const others = ["DENO_TLS_CA_STORE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
  const unknown = names.filter((name) =>
    !Object.hasOwn(SETTINGS, name) && !others.includes(name) &&
    !new RegExp(`\\b${name}\\b`).test(compose)
  );
  assert.deepEqual(unknown, []);
});

Deno.test("every reason and notice in OPERATIONS.md is one of the closed lists", () => {
  const words = [...operations.matchAll(/\*([a-z]+(?:_[a-z]+)+)\*|reason ([a-z]+_[a-z_]+)/g)]
    .map(([, emphasised, option]) => emphasised ?? option ?? "");
  assert(words.length >= 6);
  const notices: readonly string[] = [...NOTICES, ...ARCHIVE_NOTICES];
  assert.deepEqual(words.filter((word) => !isReason(word) && !notices.includes(word)), []);
  assert(operations.includes(OUTCOMES[1]));
});

Deno.test("every link in OPERATIONS.md leads somewhere", async () => {
  const headings = headingSlugs(operations);
  const targets = [...operations.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  assert(targets.length > 20);
  for (const target of targets) {
    if (target.startsWith("#")) assert(headings.has(target.slice(1)), target);
    else assert(await isInRepository(target), target);
  }
});

databaseTest("the database accepts every statement in OPERATIONS.md", async ({ sql }) => {
  const all = statements();
  assert(all.length >= 9);
  for (const statement of all) {
    const text = statement.replaceAll("'…'", "'00000000-0000-0000-0000-000000000000'");
    await sql.unsafe(`explain ${text}`);
  }
});

databaseTest(
  "the statements of OPERATIONS.md hide a row, show it again and label it",
  async ({ sql }) => {
    const id = "6f9619ff-8b86-8011-b42d-00c04fc964ff";
    await sql`insert into scenes (id, name, owner_did) values (${id}, 'Scene', 'did:plc:a')`;
    await sql`insert into posts (id, scene_id, author_did, text)
    values (${id}, ${id}, 'did:plc:a', 'text')`;
    const state = async (): Promise<{ hidden: boolean; labels: string[] } | undefined> => {
      const [row] = await sql<{ hidden: boolean; labels: string[] }[]>`
      select deleted_at is not null as hidden, to_jsonb(labels) as labels from posts where id = ${id}`;
      return row;
    };
    const [, section = ""] = operations.split("\n## Moderation\n");
    const [hide = "", show = "", label = "", unlabel = ""] = section.split("```")[1]
      ?.split("\n").filter((line) => line.startsWith("update posts"))
      .map((line) => line.replace("…", id)) ?? [];
    await sql.unsafe(hide);
    assert.deepEqual(await state(), { hidden: true, labels: [] });
    await sql.unsafe(show);
    assert.deepEqual(await state(), { hidden: false, labels: [] });
    await sql.unsafe(label);
    await sql.unsafe(label);
    assert.deepEqual(await state(), { hidden: false, labels: ["spam"] });
    await sql.unsafe(unlabel);
    assert.deepEqual(await state(), { hidden: false, labels: [] });
    await sql`update posts set indexer_live = false, deleted_at = now() where id = ${id}`;
    await sql.unsafe(show);
    assert.equal((await state())?.hidden, true, "what its author deleted stays so");
  },
);
