/** Logins that are bound to the server's certificate, so that nobody in between can relay them. */

import type { Client } from "./driver_client.ts";
import type { SessionSocket } from "./session_socket.ts";

/**
 * Allows only logins that are bound to the server's certificate; the driver would fall back. Returns a check
 * to run after a successful login: it throws if the login succeeded just before the refusal took effect.
 */
export function bindLogin({ connection }: Client, socket: SessionSocket): () => void {
  let refusal: Error | null = null;
  const refuse = (why: string): void => {
    refusal = new Error(`cannot satisfy channel_binding=require: ${why}`);
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
