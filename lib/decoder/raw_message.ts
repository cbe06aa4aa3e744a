/** Messages as received, before decoding. */

/** One message of the wire: a text frame, or the bytes of a binary one. */
export type Message = string | Uint8Array;

const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** A message as bytes. */
export function bytesOf(message: Message): Uint8Array {
  return typeof message === "string" ? encoder.encode(message) : message;
}

/** A message as text, with replacement characters for invalid UTF-8. */
export function textOf(message: Message): string {
  return typeof message === "string" ? message : lenient.decode(message);
}
