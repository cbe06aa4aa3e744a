/** A process that serves one file at every path: over HTTPS, and without TLS. */

import { LOCALHOST } from "../tests/support/certificates.ts";
import { say } from "./processes.ts";

const [path = ""] = Deno.args;
const file = await Deno.readFile(path);
const address = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
const servers = [{ ...address, ...LOCALHOST }, address]
  .map((options) => Deno.serve(options, () => new Response(file)));
const [https, http] = servers.map(({ addr }) => addr.port);
say({ https: `https://127.0.0.1:${https}/`, http: `http://127.0.0.1:${http}/` });
Deno.addSignalListener("SIGTERM", () => {
  void Promise.all(servers.map((server) => server.shutdown())).then(() => Deno.exit(0));
});
