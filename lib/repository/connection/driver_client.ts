/** The npm:pg client over our own socket: its settings, and how it parses values. */

import pg from "pg";
import type { DatabaseUrl } from "./database_url.ts";
import type { SessionSocket } from "./session_socket.ts";
import type { SentParameter } from "./sql.ts";

export interface SessionOptions {
  readonly url: DatabaseUrl;
  /** Shown in `pg_stat_activity`, unless the URL names another. */
  readonly applicationName: string;
}

/** The part of npm:pg that is used; it has no types of its own. */
export interface Client {
  readonly connection: {
    prependListener(
      event: string,
      listener: (message?: { readonly mechanisms?: readonly string[] }) => void,
    ): void;
  };
  connect(): Promise<unknown>;
  query(query: {
    readonly text: string;
    readonly values?: readonly SentParameter[];
    readonly name?: string;
    readonly rowMode?: "array";
  }): Promise<Result | Result[]>;
  end(): Promise<void>;
  on(event: "error" | "end", listener: (error?: Error) => void): void;
  getStartupConf(): Record<string, string>;
}

export interface Result {
  readonly command: string | null;
  readonly rowCount: number | null;
  readonly rows: unknown[];
}

/** Creates a client. It logs in when `connect` is called. */
export function clientOver(
  socket: SessionSocket,
  { url, applicationName }: SessionOptions,
): Client {
  const client = new pg.Client({
    user: url.user,
    database: url.database,
    // Never absent: otherwise the driver would look for a password file.
    password: () => url.password.reveal(),
    ssl: false,
    stream: () => socket,
    pipeline: true,
    enableChannelBinding: url.channelBinding,
    types: { getTypeParser: parserOf },
  }) as Client;
  // The driver would add settings from the environment.
  client.getStartupConf = () => ({
    user: url.user,
    database: url.database,
    client_encoding: "UTF8",
    application_name: url.applicationName ?? applicationName,
    ...(url.options !== null && { options: url.options }),
  });
  return client;
}

type Parser = (text: string) => unknown;

const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [16, (text) => text === "t"],
  ...[21, 23, 26, 700, 701].map((type): [number, Parser] => [type, Number]),
  ...[114, 3802].map((type): [number, Parser] => [type, (text) => JSON.parse(text)]),
  ...[1082, 1114, 1184].map((type): [number, Parser] => [type, (text) => new Date(text)]),
]);

/** A bigint, a numeric and every other type without an exact JavaScript form stays text. */
function parserOf(type: number): Parser {
  return PARSERS.get(type) ?? ((text) => text);
}
