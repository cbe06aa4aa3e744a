/** The frames between the messages of a WebSocket: ping, pong and close (RFC 6455). */

/** A frame that the WebSocket protocol (RFC 6455) does not allow. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** A frame that is not a message of the stream. */
export type Control =
  | { readonly kind: "ping"; readonly payload: Uint8Array }
  | { readonly kind: "pong" }
  | { readonly kind: "close"; readonly code: number; readonly reason: string }
  /** A message above the limit, which was skipped; `bytes` is its length. */
  | { readonly kind: "too_large"; readonly bytes: number };

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Parses a server's control frame. Throws a `FrameError` for an unknown type. */
export function readControl(opcode: number, payload: Uint8Array): Control {
  if (opcode === OPCODE.ping) return { kind: "ping", payload: payload.slice() };
  if (opcode === OPCODE.pong) return { kind: "pong" };
  if (opcode !== OPCODE.close) {
    throw new FrameError(`got a control frame of unknown type ${opcode}`);
  }
  // 1005: a close without a code, as RFC 6455 defines it.
  if (payload.length < 2) return { kind: "close", code: 1005, reason: "" };
  const code = (payload[0] ?? 0) * 256 + (payload[1] ?? 0);
  return { kind: "close", code, reason: textDecoder.decode(payload.subarray(2)) };
}

/** A control frame of a client. */
export function clientControlFrame(opcode: number, payload: Uint8Array): Uint8Array {
  return clientFrame(opcode, payload.subarray(0, 125));
}

/** A whole frame of a client: masked, as the protocol requires, although nothing here is secret. */
export function clientFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = new Uint8Array(6 + lengthBytes + length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, 0x80 | opcode);
  view.setUint8(1, 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127));
  if (lengthBytes === 2) view.setUint16(2, length);
  else if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  const mask = crypto.getRandomValues(new Uint8Array(4));
  const start = 6 + lengthBytes;
  frame.set(mask, start - 4);
  for (let at = 0; at < length; at++) frame[start + at] = payload[at]! ^ mask[at % 4]!;
  return frame;
}
