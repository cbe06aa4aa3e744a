/**
 * The thread of the embedded database. Postgres in WebAssembly computes without yielding: on the main thread
 * a long statement would stop reading, timers and the status page.
 */

import { serve } from "./server.ts";
import { startPostgres } from "./postgres.ts";
import { Session } from "./session.ts";
import { keepUp } from "./upkeep.ts";

/** The main thread's only message, with a port for the answer. */
export interface StartMessage {
  readonly password: string;
  /** Whether this is the executable: a worker can't tell. */
  readonly isExecutable: boolean;
}

/** The answer. */
export type StartedMessage = { readonly port: number } | { readonly error: string };

const MAX_CLIENTS = 64;
const MAX_UNIT_BYTES = 256 * 1024 * 1024;
const LOGIN_MS = 10_000;
const IDLE_IN_TRANSACTION_MS = 10_000;

async function start({ password, isExecutable }: StartMessage, reply: MessagePort): Promise<void> {
  const answer = (message: StartedMessage): void => reply.postMessage(message);
  try {
    const postgres = await startPostgres(isExecutable);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    answer({ port: listener.addr.port });
    const session = new Session(postgres, IDLE_IN_TRANSACTION_MS);
    const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
    void keepUp(session, { now: Date.now, wait });
    await serve({
      listener,
      password,
      session,
      greeting: postgres.greeting,
      maxClients: MAX_CLIENTS,
      maxUnitBytes: MAX_UNIT_BYTES,
      loginMs: LOGIN_MS,
    });
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent)) return;
  const [reply] = event.ports;
  if (reply !== undefined) void start(event.data, reply);
});
