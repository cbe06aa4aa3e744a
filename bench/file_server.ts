/** A process that serves one file, whatever it is asked for. */

import { say } from "./processes.ts";

const [path = ""] = Deno.args;
const file = await Deno.readFile(path);
const server = Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => say({ url: `http://127.0.0.1:${port}/` }),
}, () => new Response(file));
Deno.addSignalListener("SIGTERM", () => void server.shutdown().then(() => Deno.exit(0)));
