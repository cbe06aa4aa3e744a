/**
 * Parses the head of an HTTP/1 request (RFC 9112) strictly: anything that a proxy could interpret differently
 * is refused, and so is what no real client sends.
 */

import { HttpError } from "./http_error.ts";

export interface RequestHead {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  /** In bytes, or in chunks that carry their sizes. */
  readonly body: number | "chunked";
  /** Whether the client waits for permission to send the body. */
  readonly expectsContinue: boolean;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([!-~]+) HTTP/(\\d)\\.(\\d)$`);
/** A line that begins with a space would continue the previous header: that is obsolete. */
const FIELD_LINE = new RegExp(`^(${TOKEN}):[ \\t]*([\\t -~\\x80-\\xff]*)$`);
const ABSOLUTE_FORM = /^http:\/\/([^/?#]*)(.*)$/i;
const AUTHORITY = /^(?:[0-9A-Za-z._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

const MAX_TARGET = 2_048;

/** Methods that `Request` does not allow. */
const IMPOSSIBLE_METHOD = /^(CONNECT|TRACE|TRACK)$/i;

/** At most one of each: with two, a proxy could use the other one. */
const SINGLE = ["host", "content-length", "transfer-encoding"];

/**
 * Parses the bytes before the empty line.
 *
 * @throws {HttpError} when the request is invalid
 */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  const [requestLine = "", ...fieldLines] = String.fromCharCode(...bytes).split("\r\n");
  const [, method = "", target = "", major, minor] = REQUEST_LINE.exec(requestLine) ?? [];
  if (method === "") throw badRequest("the first line is not an HTTP request line");
  if (major !== "1") {
    throw new HttpError(505, "unsupported_version", "only HTTP/1.0 and HTTP/1.1 are supported");
  }
  if (target.length > MAX_TARGET) {
    throw new HttpError(414, "uri_too_long", "the address is too long");
  }
  if (IMPOSSIBLE_METHOD.test(method)) {
    throw new HttpError(405, "method_not_allowed", "allowed here: GET, HEAD, POST", {
      allow: "GET, HEAD, POST",
    });
  }
  const headers = headersOf(fieldLines);
  const isOld = minor === "0";
  return {
    method,
    url: urlOf(target, headers.get("host"), isOld),
    headers,
    body: bodyOf(headers, isOld),
    expectsContinue: !isOld && /^100-continue$/i.test(headers.get("expect") ?? ""),
  };
}

export function badRequest(message: string): HttpError {
  return new HttpError(400, "bad_request", message);
}

function headersOf(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name = "", value = ""] = FIELD_LINE.exec(line) ?? [];
    if (name === "") throw badRequest("a header is not of the form name: value");
    if (SINGLE.includes(name.toLowerCase()) && headers.has(name)) {
      throw badRequest("a header is repeated that may occur only once");
    }
    headers.append(name, value);
  }
  return headers;
}

/** An HTTP/1.0 client may omit the host; no browser does. */
function urlOf(target: string, hostHeader: string | null, isOld: boolean): URL {
  if (hostHeader === null && !isOld) throw badRequest("the Host header is missing");
  if (hostHeader !== null && !AUTHORITY.test(hostHeader)) throw badRequest(INVALID_HOST);
  const [, authority, rest = ""] = ABSOLUTE_FORM.exec(target) ?? [];
  if (authority !== undefined && !AUTHORITY.test(authority)) throw badRequest(INVALID_HOST);
  const path = authority === undefined ? target : rest.replace(/^(?!\/)/, "/");
  if (!/^\/[^#\\]*$/.test(path)) {
    throw badRequest("the address must begin with a slash and hold no # or backslash");
  }
  const url = URL.parse(`http://${authority ?? hostHeader ?? "localhost"}${path}`);
  if (url === null) throw badRequest(INVALID_HOST);
  return url;
}

const INVALID_HOST = "the Host header must be a name or an IP address, and a port";

function bodyOf(headers: Headers, isOld: boolean): number | "chunked" {
  const length = headers.get("content-length");
  const encoding = headers.get("transfer-encoding");
  if (encoding !== null) {
    if (length !== null || isOld) {
      throw badRequest("Transfer-Encoding is not allowed with Content-Length or in HTTP/1.0");
    }
    if (/^chunked$/i.test(encoding)) return "chunked";
    throw new HttpError(
      501,
      "unsupported_encoding",
      "the only supported transfer coding is chunked",
    );
  }
  if (length === null) return 0;
  if (!/^\d{1,15}$/.test(length)) throw badRequest("the Content-Length header must be a number");
  return Number(length);
}
