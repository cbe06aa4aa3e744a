/**
 * Connections to a Postgres server, encrypted as `sslmode` says. The driver lacks some modes, for example
 * `prefer`.
 */

import net from "node:net";
import tls from "node:tls";
import type { DatabaseHost, DatabaseUrl, SslMode } from "./database_url.ts";

/** The certificates to trust. */
export interface Trust {
  /** Certificates of authorities, PEM; null: those of the runtime. */
  readonly rootCertificates: string | null;
}

/** Idle time before TCP keepalive probes the server. */
const KEEP_ALIVE_MS = 30_000;

const SSL_REQUEST = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);
const YES = "S".charCodeAt(0);

/** Called with each socket as soon as it exists. */
export type Opened = (socket: net.Socket) => void;

/** Connects to a host. */
export async function dial(
  host: DatabaseHost,
  { sslMode: mode, sslDirect }: Pick<DatabaseUrl, "sslMode" | "sslDirect">,
  trust: Trust,
  opened: Opened,
): Promise<net.Socket> {
  // Deno 2.4.2 would otherwise consume the server's answer before TLS can.
  const plain = await connect(host, (socket) => {
    if (sslDirect) socket.pause();
    opened(socket);
  });
  if (sslDirect) return await startTls(plain, host, mode, trust, opened);
  if (mode === "disable") return plain;
  // `allow` would try without TLS first; only a server that refuses TLS could tell the difference.
  const optional = mode === "allow" || mode === "prefer";
  if (!(await offersTls(plain))) {
    if (optional) return plain;
    throw new Error(`the server doesn't offer TLS, and sslmode=${mode} requires it`);
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
  // Nagle's algorithm and delayed acknowledgements cost 40 ms on every other small message.
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
}

async function offersTls(socket: net.Socket): Promise<boolean> {
  const answer = happened(socket, "data");
  socket.write(SSL_REQUEST);
  const bytes: unknown = await answer;
  if (!(bytes instanceof Uint8Array)) throw new Error("the server gave no answer about TLS");
  // More bytes would be unencrypted data that passes for encrypted (CVE-2021-23222).
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
  // As in libpq: `require` verifies when a root certificate is given.
  const verified = mode === "verify-full" || mode === "verify-ca" ||
    (mode === "require" && rootCertificates !== null);
  const secure = tls.connect({
    socket,
    host,
    ALPNProtocols: ["postgresql"],
    ...(net.isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: verified,
    ...(verified && rootCertificates !== null && { ca: [rootCertificates] }),
    // Deno 2.4.2 checks the name anyway, which is stricter than requested.
    ...(verified && mode !== "verify-full" && { checkServerIdentity: () => undefined }),
  });
  opened(secure);
  await happened(secure, "secureConnect");
  return secure;
}

/**
 * Waits for an event of a socket; rejects when the socket ends first. Then pauses the socket at once, because
 * the next bytes are for another reader.
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
