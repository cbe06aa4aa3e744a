/**
 * The network side of the embedded database: connections, password check, and passing units of work to the
 * session.
 */

import { SQLSTATE } from "../../sqlstate_table.ts";
import { closeQuietly, writeAll } from "../../byte_stream.ts";
import { timingSafeEqual } from "node:crypto";
import {
  fatalMessage,
  GSS_REQUEST,
  PASSWORD_REQUEST,
  PROTOCOL_3,
  ProtocolError,
  SSL_REQUEST,
  UnitReader,
} from "./wire.ts";
import type { Client, Session } from "./session.ts";

export interface ServerOptions {
  readonly listener: Deno.TcpListener;
  readonly session: Session;
  readonly password: string;
  /** The message for a client after its login. */
  readonly greeting: Uint8Array;
  readonly maxClients: number;
  /** Size limit of one unit of work. */
  readonly maxUnitBytes: number;
  /** A connection without a valid password by then is closed. */
  readonly loginMs: number;
}

const NO_TLS = new TextEncoder().encode("N");

/** Accepts connections until the listener is closed; resolves when the last connection has ended. */
export async function serve(options: ServerOptions): Promise<void> {
  const open = new Set<Promise<void>>();
  for await (const connection of options.listener) {
    if (open.size >= 2 * options.maxClients) {
      connection.close();
      continue;
    }
    const attended = attend(connection, options).finally(() => {
      open.delete(attended);
      closeQuietly(connection);
    });
    open.add(attended);
  }
  await Promise.all(open);
}

async function attend(connection: Deno.TcpConn, options: ServerOptions): Promise<void> {
  const { session } = options;
  const reader = new UnitReader(connection, options.maxUnitBytes);
  const client: Client = {
    end(lastWords): void {
      connection.write(lastWords).catch(() => {}).finally(() => closeQuietly(connection));
    },
  };
  try {
    connection.setNoDelay(true);
    const login = setTimeout(() => closeQuietly(connection), options.loginMs);
    const known = await logIn(connection, reader, options).finally(() => clearTimeout(login));
    if (!known) return;
    session.join(client);
    await writeAll(connection, options.greeting);
    for (let unit = await reader.unit(); unit !== null; unit = await reader.unit()) {
      const answer = await session.run(client, unit);
      if (answer === null) return;
      await writeAll(connection, answer.bytes);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) {
      if (isConnectionError(error)) return;
      throw error;
    }
    await writeAll(connection, fatalMessage(SQLSTATE.protocolViolation, error.message)).catch(
      () => {},
    );
  } finally {
    await session.leave(client);
  }
}

/** Whether the client sent the password. */
async function logIn(
  connection: Deno.TcpConn,
  reader: UnitReader,
  options: ServerOptions,
): Promise<boolean> {
  const { session, maxClients, password } = options;
  for (;;) {
    const packet = await reader.startup();
    if (packet === null) return false;
    const code = new DataView(packet.buffer, packet.byteOffset).getUint32(0);
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      await writeAll(connection, NO_TLS);
      continue;
    }
    // Includes requests to cancel a query, which a single busy session can't serve.
    if (code !== PROTOCOL_3) return false;
    break;
  }
  await writeAll(connection, PASSWORD_REQUEST);
  const given = await reader.password();
  if (given === null) return false;
  if (!isSame(given, password)) {
    await writeAll(
      connection,
      fatalMessage(SQLSTATE.invalidPassword, "password authentication failed"),
    );
    return false;
  }
  if (session.clients >= maxClients) {
    await writeAll(
      connection,
      fatalMessage(SQLSTATE.tooManyConnections, "sorry, too many clients already"),
    );
    return false;
  }
  return true;
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => new TextEncoder().encode(text));
  return a !== undefined && b !== undefined && a.length === b.length && timingSafeEqual(a, b);
}

/** The client disconnected, or the connection was closed here. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}
