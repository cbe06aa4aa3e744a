/** The application on a port. */

import { ConnectionLimiter } from "./connection_limiter.ts";

export interface ServerOptions {
  /** Answers a request. Never rejects. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits?: Partial<ServerLimits>;
  /** Called when connections can't be accepted. The server keeps trying. */
  readonly failed?: (error: unknown) => void;
}

export interface ServerLimits {
  readonly maxConnections: number;
  readonly lifetimeMs: number;
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
}

/**
 * A connection costs one descriptor, of the 1024 that a process usually has. The table "Bounds of memory" in
 * SECURITY.md lists their total.
 */
const SERVER_LIMITS: ServerLimits = {
  maxConnections: 256,
  lifetimeMs: 30_000,
  maxHeadBytes: 16_384,
  maxBodyBytes: 16_384,
};

/** How long running requests may take when the server closes. */
const GRACE_MS = 1_000;

/** The port can't be opened. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Number of open connections. */
  readonly connections: number;
  /** Accepts no more, finishes running requests within a second, and leaves no socket open. */
  close(): Promise<void>;
}

/** Starts to listen. Throws a `ListenError` that says which setting to change. */
export function startServer(options: ServerOptions): RunningServer {
  const { host, fetch, failed = (): void => {} } = options;
  let { port } = options;
  const limiter = new ConnectionLimiter({
    ...SERVER_LIMITS,
    ...options.limits,
    fetch,
    failed,
    listen: () => {
      const listener = listen(host, port);
      port = listener.addr.port;
      return listener;
    },
  });
  return {
    host,
    port,
    get connections(): number {
      return limiter.size;
    },
    close: () => limiter.close(GRACE_MS),
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
      : "set HTTP_HOST and METRICS_PORT to an address and a port that can be opened";
    throw new ListenError(`cannot listen on ${host} port ${port}: ${problem}`, { cause });
  }
}
