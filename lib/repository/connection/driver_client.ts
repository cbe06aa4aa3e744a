/** The client of npm:pg over a socket of ours: what it is told, and what it makes of the server's texts. */

import pg from "pg";
import type { DatabaseUrl } from "./database_url.ts";
import type { SessionSocket } from "./session_socket.ts";

export interface SessionOptions {
  readonly url: DatabaseUrl;
  /** Seen in `pg_stat_activity`, unless the URL says another. */
  readonly applicationName: string;
}

/** What we use of npm:pg, which has no types of its own. */
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
    readonly values?: readonly (string | null)[];
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

/** Makes a client. It logs in when it is told to connect. */
export function clientOver(
  socket: SessionSocket,
  { url, applicationName }: SessionOptions,
): Client {
  const client = new pg.Client({
    user: url.user,
    database: url.database,
    // Never absent: the driver would look for it in a file.
    password: () => url.password.reveal(),
    ssl: false,
    stream: () => socket,
    pipeline: true,
    enableChannelBinding: url.channelBinding,
    types: { getTypeParser: parserOf },
  }) as Client;
  // The driver would add what it finds in the environment.
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

/** Of a bigint, a numeric and whatever else has no exact form here, the text. */
function parserOf(type: number): Parser {
  return PARSERS.get(type) ?? ((text) => text);
}
