/** Opens a session on the first host of an address that will do. */

import type net from "node:net";
import { ConnectionError } from "./connection_error.ts";
import type { DatabaseHost, DatabaseUrl } from "./database_url.ts";
import { SQL_STATE } from "./database_error.ts";
import { sqlStateOf } from "./sqlstate.ts";
import { dial, type Opened, type Trust } from "./secure_socket.ts";
import { Session } from "./session.ts";

export interface OpenOptions {
  readonly url: DatabaseUrl;
  readonly applicationName: string;
  readonly trust: Trust;
}

/** Classes of what a server says when trying another host is no use: the login, and the database's name. */
const WRONG_ADDRESS = /^(28|3D)/;

/**
 * Asks the hosts in order. Throws `ConnectionError` with what each said, or what Postgres said where
 * there is one host or the address is wrong, and leaves nothing behind when the signal aborts.
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
      if (SQL_STATE.test(sqlState) && (url.hosts.length === 1 || WRONG_ADDRESS.test(sqlState))) {
        throw error;
      }
      failures.push(`${host.host}:${host.port}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new ConnectionError("08001", `cannot connect to the database: ${failures.join("; ")}`);
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
  const aborted = (): void => giveUp(new Error("the connections were ended"));
  signal.addEventListener("abort", aborted);
  const running = run((socket) => {
    sockets.push(socket);
    // Whoever waits has a listener of its own; an error that nobody waits for ends the process.
    socket.on("error", () => {});
  });
  try {
    return await Promise.race([running, late]);
  } catch (error) {
    running.catch(() => {}); // It fails for lack of its socket.
    for (const socket of sockets) socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
  }
}
