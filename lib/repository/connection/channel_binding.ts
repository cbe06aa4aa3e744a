/** Logins that are bound to the certificate of the server, so that nobody between can take them. */

import type { Client } from "./driver_client.ts";
import type { SessionSocket } from "./session_socket.ts";

/**
 * Lets no login through that is not bound to the server's certificate. The driver would fall back. Returns
 * what the login is to be asked once it has succeeded: it throws where that was a moment before the refusal.
 */
export function bindLogin({ connection }: Client, socket: SessionSocket): () => void {
  let refusal: Error | null = null;
  const refuse = (why: string): void => {
    refusal = new Error(`channel_binding=require can't be kept: ${why}`);
    socket.destroy(refusal);
  };
  let bound = false;
  connection.prependListener("authenticationSASL", (message) => {
    bound = message?.mechanisms?.includes("SCRAM-SHA-256-PLUS") ?? false;
    if (!bound) refuse("the server offers none, or the connection has no TLS");
    else if (socket.getPeerCertificate().raw === undefined) {
      refuse("this runtime shows no certificate");
    }
  });
  for (const other of ["authenticationCleartextPassword", "authenticationMD5Password"]) {
    connection.prependListener(other, () => refuse("the server wants the password itself"));
  }
  connection.prependListener("authenticationOk", () => {
    if (!bound) refuse("the server asks for no login");
  });
  return () => {
    if (refusal !== null) throw refusal;
  };
}
