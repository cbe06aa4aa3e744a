/**
 * Connections to a Postgres server, encrypted as `sslmode` says: the hosts in order, and TLS where
 * the server offers it. The driver could do it too, but never sets TCP_NODELAY, asks only the first
 * host when the socket is ours, and waits for ever for TLS on Deno 2.4.2.
 */

import net from "node:net";
import tls from "node:tls";
import { ConnectionError } from "./connection_error.ts";
import type { DatabaseHost, DatabaseUrl, SslMode } from "./database_url.ts";

/** What to trust, besides the address. */
export interface Trust {
  /** Certificates of authorities, PEM; null: those that the runtime trusts. */
  readonly rootCertificates: string | null;
}

const SSL_REQUEST = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);
const YES = "S".charCodeAt(0);

/**
 * Connects to the first host that can be reached. Throws `ConnectionError` with what each said, and
 * leaves nothing behind when the signal aborts.
 */
export async function openSocket(
  url: DatabaseUrl,
  trust: Trust,
  signal: AbortSignal,
): Promise<net.Socket> {
  const failures: string[] = [];
  for (const host of url.hosts) {
    if (signal.aborted) break;
    try {
      return await within(
        url.connectTimeoutMs,
        signal,
        (opened) => dial(host, url.sslMode, trust, opened),
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      failures.push(`${host.host}:${host.port}: ${message}`);
    }
  }
  throw new ConnectionError("08001", `cannot connect to the database: ${failures.join("; ")}`);
}

/** Told of each socket as soon as there is one. */
type Opened = (socket: net.Socket) => void;

async function within(
  timeoutMs: number,
  signal: AbortSignal,
  run: (opened: Opened) => Promise<net.Socket>,
): Promise<net.Socket> {
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

async function dial(
  host: DatabaseHost,
  mode: SslMode,
  trust: Trust,
  opened: Opened,
): Promise<net.Socket> {
  const plain = await connect(host, opened);
  if (mode === "disable") return plain;
  // `allow` would try without TLS first, which only a server that refuses TLS could tell apart.
  const optional = mode === "allow" || mode === "prefer";
  if (!(await offersTls(plain))) {
    if (optional) return plain;
    throw new Error(`the server doesn't offer TLS, and sslmode=${mode} demands it`);
  }
  try {
    return await startTls(plain, host, mode, trust, opened);
  } catch (error) {
    plain.destroy();
    if (!optional) throw error;
    return await connect(host, opened);
  }
}

async function connect({ host, port }: DatabaseHost, opened: Opened): Promise<net.Socket> {
  const socket = net.connect(port, host);
  opened(socket);
  await happened(socket, "connect");
  // Nagle's algorithm and delayed acknowledgements cost 40 ms for every other small message.
  socket.setNoDelay(true);
  return socket;
}

async function offersTls(socket: net.Socket): Promise<boolean> {
  const answer = happened(socket, "data");
  socket.write(SSL_REQUEST);
  const bytes: unknown = await answer;
  if (!(bytes instanceof Uint8Array)) throw new Error("the server gave no answer about TLS");
  // More would be unencrypted data that passes for encrypted (CVE-2021-23222).
  if (bytes.length !== 1) throw new Error("the server sent data before TLS");
  return bytes[0] === YES;
}

async function startTls(
  socket: net.Socket,
  { host }: DatabaseHost,
  mode: SslMode,
  { rootCertificates }: Trust,
  opened: Opened,
): Promise<net.Socket> {
  // As in libpq: with a certificate at hand, `require` makes use of it.
  const verified = mode === "verify-full" || mode === "verify-ca" ||
    (mode === "require" && rootCertificates !== null);
  const secure = tls.connect({
    socket,
    host,
    ...(net.isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: verified,
    ...(verified && rootCertificates !== null && { ca: [rootCertificates] }),
    // Deno 2.4.2 checks the name all the same: stricter than asked for, and never weaker.
    ...(verified && mode !== "verify-full" && { checkServerIdentity: () => undefined }),
  });
  opened(secure);
  await happened(secure, "secureConnect");
  return secure;
}

/**
 * Waits for an event of a socket; rejects when it ends instead. The socket is stopped from reading
 * at once: what comes next is for another reader.
 */
function happened(
  socket: net.Socket,
  event: "connect" | "data" | "secureConnect",
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      socket.off(event, done).off("error", failed).off("close", closed);
      then();
    };
    const done = (value: unknown): void =>
      settle(() => {
        if (event === "data") socket.pause();
        resolve(value);
      });
    const failed = (error: Error): void => settle(() => reject(error));
    const closed = (): void => failed(new Error("the server closed the connection"));
    socket.on(event, done).on("error", failed).on("close", closed);
  });
}
