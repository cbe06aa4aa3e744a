/** Opens a session on the first acceptable host of a database URL. */

import type net from "node:net";
import { ConnectionError } from "./connection_error.ts";
import type { DatabaseHost, DatabaseUrl } from "./database_url.ts";
import { isSqlState, SQLSTATE, sqlStateIs } from "../../sqlstate_table.ts";
import { sqlStateOf } from "./sqlstate.ts";
import { dial, type Opened, type Trust } from "./secure_socket.ts";
import { Session } from "./session.ts";

export interface OpenOptions {
  readonly url: DatabaseUrl;
  readonly applicationName: string;
  readonly trust: Trust;
}

/**
 * Tries the hosts in order. Throws `ConnectionError` with the reason of each, or Postgres' own error when
 * there is one host or the URL is wrong. Leaves nothing open when the signal aborts.
 */
export async function openSession(options: OpenOptions, signal: AbortSignal): Promise<Session> {
  const { url } = options;
  const failures: string[] = [];
  for (const host of url.hosts) {
    if (signal.aborted) break;
    try {
      return await within(url.connectTimeoutMs, signal, (opened) => open(host, options, opened));
    } catch (error) {
      const sqlState = sqlStateOf(error);
      const isLast = url.hosts.length === 1 || sqlStateIs(sqlState, "wrong address");
      if (isSqlState(sqlState) && isLast) throw error;
      failures.push(`${host.host}:${host.port}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new ConnectionError(
    SQLSTATE.unableToConnect,
    `cannot connect to the database: ${failures.join("; ")}`,
  );
}

async function open(host: DatabaseHost, options: OpenOptions, opened: Opened): Promise<Session> {
  const socket = await dial(host, options.url, options.trust, opened);
  const session = await Session.login(socket, options);
  if (options.url.writable && await session.isReadOnly()) {
    await session.end();
    throw new Error("the server is read-only");
  }
  return session;
}

async function within<T>(
  timeoutMs: number,
  signal: AbortSignal,
  run: (opened: Opened) => Promise<T>,
): Promise<T> {
  const sockets: net.Socket[] = [];
  let giveUp: (reason: Error) => void = () => {};
  const late = new Promise<never>((_, reject) => giveUp = reject);
  const timer = setTimeout(() => giveUp(new Error(`no answer for ${timeoutMs} ms`)), timeoutMs);
  const aborted = (): void => giveUp(new Error("the connections were closed"));
  signal.addEventListener("abort", aborted);
  const running = run((socket) => {
    sockets.push(socket);
    // Callers that wait have their own listener; an unhandled error event would end the process.
    socket.on("error", () => {});
  });
  try {
    return await Promise.race([running, late]);
  } catch (error) {
    running.catch(() => {}); // It fails when its socket closes.
    for (const socket of sockets) socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
  }
}
