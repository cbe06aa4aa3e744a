/** A process that only receives: the client's own socket, read and counted. */

import { parseEndpoint } from "../lib/client/endpoint.ts";
import { subscriptionTo } from "../lib/client/subscription.ts";
import { JetstreamSocket } from "../lib/client/socket/websocket.ts";
import { say } from "./processes.ts";

const [url = "", expected = "0"] = Deno.args;
const filter = { collections: ["app.subcult.*"], dids: [] };
const subscription = subscriptionTo(parseEndpoint(url), { filter, cursor: null, zstd: null });
const { signal } = new AbortController();
const socket = await JetstreamSocket.open(subscription, { signal });
let received = 0;
let startedAt = 0;
while (received < Number(expected) && await socket.read()) {
  for (let message = socket.next(); message !== null; message = socket.next()) {
    if (received++ === 0) startedAt = performance.now();
  }
}
const ms = performance.now() - startedAt;
await socket.close();
say({ received, ms });
