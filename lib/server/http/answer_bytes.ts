/** An HTTP/1.1 answer as a whole: none of ours is streamed. */

import { STATUS_CODES } from "node:http";

export async function answerBytes(response: Response, isHead: boolean): Promise<Uint8Array> {
  const { status, headers } = response;
  const body = new Uint8Array(await response.arrayBuffer());
  headers.set("date", new Date().toUTCString());
  // One request per connection: a client can't hold one open.
  headers.set("connection", "close");
  if (!isHead) headers.set("content-length", String(body.length));
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n`;
  const headBytes = new TextEncoder().encode(head);
  const bytes = new Uint8Array(headBytes.length + body.length);
  bytes.set(headBytes);
  bytes.set(body, headBytes.length);
  return bytes;
}
