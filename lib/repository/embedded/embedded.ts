/** The embedded database: Postgres and PostGIS in the process, reached over TCP like any other. */

import type { StartedMessage, StartMessage } from "./worker.ts";

export interface EmbeddedDatabase {
  /** Contains a password of this run: other users of the machine can't log in. */
  readonly url: string;
  /** Stops it at once and discards all data. */
  close(): Promise<void>;
}

/**
 * Starts a database in memory, on its own thread and a free port of 127.0.0.1. It has one session that its
 * clients share in turns. A transaction holds the session until it ends, so code inside a transaction must
 * not wait for another connection. Statement timeouts have no effect, and `copy from stdin` is not supported.
 *
 * Under `deno run` it needs to read its own files; an executable contains them if it was compiled by
 * `.ci/compile.ts`.
 */
export async function startEmbedded(): Promise<EmbeddedDatabase> {
  const password = crypto.randomUUID().replaceAll("-", "");
  const worker = new Worker(new URL("./worker.ts", import.meta.url).href, {
    type: "module",
    name: "embedded database",
  });
  const { port1, port2 } = new MessageChannel();
  const starting = new AbortController();
  try {
    const started = await new Promise<StartedMessage>((resolve) => {
      port1.onmessage = (event: MessageEvent<StartedMessage>) => resolve(event.data);
      const onError = (event: ErrorEvent): void => {
        event.preventDefault();
        resolve({ error: event.message });
      };
      worker.addEventListener("error", onError, { signal: starting.signal });
      const message: StartMessage = { password, isExecutable: Deno.build.standalone };
      worker.postMessage(message, [port2]);
    });
    if ("error" in started) {
      throw new Error(`cannot start the embedded database: ${started.error}`);
    }
    // From here on an error on its thread means that the data is lost, so the process ends.
    starting.abort();
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${started.port}/postgres`,
      close: (): Promise<void> => Promise.resolve(worker.terminate()),
    };
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    port1.close();
  }
}
