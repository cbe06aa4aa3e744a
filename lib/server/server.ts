/** The application on a port, behind the gate. */

import { Gate } from "./gate.ts";

export interface ServerOptions {
  /** Answers a request. It never rejects. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits?: Partial<ConnectionLimits>;
}

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly lifetimeMs: number;
  readonly maxRequestBytes: number;
}

/** A connection costs three descriptors, of the 1024 that a process usually may have. */
const CONNECTION_LIMITS: ConnectionLimits = {
  maxConnections: 64,
  lifetimeMs: 30_000,
  maxRequestBytes: 65_536,
};

/** How long requests that are under way may take when the server closes. */
const GRACE_MS = 1_000;

/** The port can't be opened. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Takes no more, finishes what is under way within a second, and leaves no socket open. */
  close(): Promise<void>;
}

/** Starts to listen. Throws a `ListenError` that says which setting to change. */
export function startServer(options: ServerOptions): RunningServer {
  const { host, port } = options;
  const limits = { ...CONNECTION_LIMITS, ...options.limits };
  const listener = listen(host, port);
  const closing = new AbortController();
  const inner = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: closing.signal,
    onListen: () => {},
  }, (request) => options.fetch(request));
  const gate = new Gate({ ...limits, listener, innerPort: inner.addr.port });
  return {
    host,
    port: listener.addr.port,
    get connections(): number {
      return gate.size;
    },
    async close(): Promise<void> {
      await gate.close(GRACE_MS);
      closing.abort();
      await inner.finished;
    },
  };
}

function listen(host: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: host, port });
  } catch (cause) {
    const problem = cause instanceof Deno.errors.AddrInUse
      ? "the port is in use, set METRICS_PORT to a free one"
      : cause instanceof Deno.errors.AddrNotAvailable
      ? "this machine has no such address, set HTTP_HOST to one that it has"
      : cause instanceof Deno.errors.PermissionDenied
      ? "the port is reserved, set METRICS_PORT to one above 1023"
      : "set HTTP_HOST and METRICS_PORT to what can be opened";
    throw new ListenError(`cannot listen on ${host} port ${port}: ${problem}`, { cause });
  }
}
