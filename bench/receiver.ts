/** A process that does nothing but receive: the client's own socket, read and counted. */

import { parseEndpoint } from "../lib/client/endpoint.ts";
import { subscriptionFor } from "../lib/client/subscription.ts";
import { JetstreamSocket } from "../lib/client/websocket.ts";

const [url = "", expected = "0"] = Deno.args;
