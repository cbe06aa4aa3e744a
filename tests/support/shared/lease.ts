/** Databases that the run lends to its test files: to start and migrate one takes longer than most files. */

import type { Schema } from "../empty_tables.ts";
import { within } from "../within.ts";
import {
  type Answer,
  type DatabaseKind,
  type Leased,
  PORT_SETTING,
  type Question,
  type Told,
} from "./question.ts";

/** To start and migrate one, where others use the machine too. */
const START_MS = 120_000;

const port = Deno.env.get(PORT_SETTING);

/** Opened before the first test, since it outlasts all of them. It ends with the file, and so does the lease. */
const connection = port ? await Deno.connect({ hostname: "127.0.0.1", port: Number(port) }) : null;

/** A database of the run for this file, or another one; null where no run lends one. */
export async function leaseDatabase(kind: DatabaseKind, another = false): Promise<Leased | null> {
  const answer = await ask({ want: kind, another });
  return answer !== null && "url" in answer ? answer : null;
}

/** Reports the state of the tables for the next file. */
export async function tellSchema(kind: DatabaseKind, schema: Schema): Promise<void> {
  if (connection !== null) await write(connection, { kind, schema });
}

/** The database of the server that this run copies from; null where no run has one. */
export async function sharedTemplate(): Promise<string | null> {
  const answer = await ask({ want: "template" });
  return answer !== null && "template" in answer ? answer.template : null;
}

let turn: Promise<unknown> = Promise.resolve();

/** One request after another: answers arrive in that order. */
function ask(question: Question): Promise<Answer | null> {
  if (connection === null) return Promise.resolve(null);
  const answered = turn.then(async () => {
    await write(connection, question);
    const answer: Answer = JSON.parse(
      await within(readLine(connection), `a database of the run: ${question.want}`, {
        limitMs: START_MS,
      }),
    );
    if ("error" in answer) throw new Error(answer.error);
    return answer;
  });
  turn = answered.catch(() => {});
  return answered;
}

async function write(connection: Deno.TcpConn, message: Question | Told): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function readLine(connection: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  for (let text = "";;) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error("cannot lease a database: the run has ended");
    text += decoder.decode(buffer.subarray(0, read), { stream: true });
    if (text.endsWith("\n")) return text;
  }
}
