/**
 * The databases of a run of tests, made when a file first asks for one: embedded ones, each lent to one test
 * file at a time, and the database of the server that all files copy.
 */

import { closeQuietly } from "../../../lib/byte_stream.ts";
import { linesOf } from "../lines.ts";
import { createTemplate, dropDatabase } from "../server_database.ts";
import { EmbeddedDatabases } from "./embedded_databases.ts";
import type { Answer, Leased, Question, Told } from "./question.ts";

/** Where the embedded ones come from. */
export interface Source extends AsyncDisposable {
  start(): Promise<Leased>;
}

export class SharedDatabases implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #files = new Set<Promise<void>>();
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #free: Leased[] = [];
  readonly #source: Source;
  #template: Promise<string> | undefined;
  readonly #serving: Promise<void>;

  constructor(source: Source = new EmbeddedDatabases()) {
    this.#source = source;
    this.#serving = this.#serve();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      const attended = this.#attend(connection).finally(() => {
        this.#connections.delete(connection);
        this.#files.delete(attended);
      });
      this.#files.add(attended);
    }
  }

  /** Answers one test file until it ends. */
  async #attend(connection: Deno.TcpConn): Promise<void> {
    let leased = null as Leased | null;
    const answerTo = async (question: Question): Promise<Answer> => {
      if (question.want === "template") {
        return { template: await (this.#template ??= createTemplate()) };
      }
      return leased ??= this.#free.pop() ?? await this.#source.start();
    };
    const writer = connection.writable.getWriter();
    try {
      for await (const line of linesOf(connection.readable)) {
        const said: Question | Told = JSON.parse(line);
        if ("want" in said) {
          const answer = await answerTo(said).catch((error) => ({ error: String(error) }));
          await writer.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
        } else if (leased !== null) leased = { ...leased, ...said };
      }
    } catch {
      // The file was stopped in the middle of a line.
    } finally {
      await writer.close().catch(() => {});
      if (leased !== null) this.#free.push(leased);
    }
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    for (const connection of this.#connections) closeQuietly(connection);
    await Promise.all(this.#files);
    await this.#source[Symbol.asyncDispose]();
    const template = await this.#template?.catch(() => null);
    if (template) await dropDatabase(template);
  }
}
