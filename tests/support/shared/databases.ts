/**
 * The databases of a run of tests, made when a file first asks for one: embedded ones and some of the server,
 * each lent to one test file at a time, and the database of the server that all files copy.
 */

import { closeQuietly } from "../../../lib/byte_stream.ts";
import { linesOf } from "../lines.ts";
import { EmbeddedDatabases } from "./embedded_databases.ts";
import type { Answer, DatabaseKind, Leased, Question, Told } from "./question.ts";
import { ServerDatabases } from "./server_databases.ts";

/** Where databases of a kind come from. */
export interface Source extends AsyncDisposable {
  start(): Promise<Leased>;
}

export interface Sources extends Readonly<Record<DatabaseKind, Source>> {
  readonly server: Source & Pick<ServerDatabases, "template">;
}

export class SharedDatabases implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #files = new Set<Promise<void>>();
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #free: Readonly<Record<DatabaseKind, Leased[]>> = { embedded: [], server: [] };
  readonly #sources: Sources;
  readonly #serving: Promise<void>;

  constructor(
    sources: Sources = { embedded: new EmbeddedDatabases(), server: new ServerDatabases() },
  ) {
    this.#sources = sources;
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
    const leased = new Map<DatabaseKind, Leased>();
    const answerTo = async (question: Question): Promise<Answer> => {
      if (question.want === "template") return { template: await this.#sources.server.template() };
      const { want, another = false } = question;
      const before = another ? undefined : leased.get(want);
      leased.delete(want);
      const answer = before ?? this.#free[want].pop() ?? await this.#sources[want].start();
      leased.set(want, answer);
      return answer;
    };
    const writer = connection.writable.getWriter();
    try {
      for await (const line of linesOf(connection.readable)) {
        const said: Question | Told = JSON.parse(line);
        if ("want" in said) {
          const answer = await answerTo(said).catch((error) => ({ error: String(error) }));
          await writer.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
        } else {
          const { kind, schema } = said;
          const told = leased.get(kind);
          if (told !== undefined) leased.set(kind, { ...told, schema });
        }
      }
    } catch {
      // The file was stopped in the middle of a line.
    } finally {
      await writer.close().catch(() => {});
      for (const [kind, one] of leased) this.#free[kind].push(one);
    }
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    for (const connection of this.#connections) closeQuietly(connection);
    await Promise.all(this.#files);
    await this.#sources.embedded[Symbol.asyncDispose]();
    await this.#sources.server[Symbol.asyncDispose]();
  }
}
