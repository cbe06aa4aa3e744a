/** Databases of the server that tests can use, as copies of one that is migrated. All of them end with the run. */

import { schemaNow } from "../empty_tables.ts";
import { onConnection } from "../on_connection.ts";
import { copyDatabase, createTemplate, databaseUrl, dropDatabase } from "../server_database.ts";
import type { Leased } from "./question.ts";

export class ServerDatabases implements AsyncDisposable {
  readonly #names: string[] = [];
  #template: Promise<string> | undefined;

  /** The name of the migrated one. */
  template(): Promise<string> {
    return this.#template ??= createTemplate();
  }

  async start(): Promise<Leased> {
    const name = await copyDatabase(await this.template());
    this.#names.push(name);
    const url = databaseUrl(name);
    return { url, schema: await onConnection(url, schemaNow) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const template = await this.#template?.catch(() => null);
    for (const name of [...this.#names, ...(template ? [template] : [])]) await dropDatabase(name);
  }
}
