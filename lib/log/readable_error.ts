/** An error for a terminal: one text, with the stack if it helps. */

import { describeError, type ErrorFields } from "./describe_error.ts";
import type { Redact } from "./redaction.ts";

export interface ReadableError {
  readonly error: string;
  readonly stack?: string;
}

const MAX_FRAMES = 6;

/** Names that say what kind of fault it is; others only say that it is an error. */
const TELLING_NAME = /^(?:Type|Range|Reference|Syntax|URI|Eval|Assertion)Error$/;

/** `withStack` adds the stack. An error with a code comes from outside: its stack is useless and left out. */
export function readableError(thrown: unknown, redact: Redact, withStack: boolean): ReadableError {
  const described = describeError(thrown, redact);
  const error = textOf(described);
  return withStack && thrown instanceof Error && !hasCode(described)
    ? { error, stack: redact(framesOf(thrown)) }
    : { error };
}

/** Message, code and causes; each is left out when the text before it contains it. */
function textOf({ name, message, code, cause }: ErrorFields): string {
  let text = TELLING_NAME.test(String(name)) ? `${name}: ${message}` : String(message);
  if (typeof code === "string" && !text.includes(code)) text += ` (${code})`;
  if (typeof cause !== "object") return text;
  const behind = textOf(cause);
  if (text.includes(String(cause.message))) {
    return typeof cause.code === "string" && !text.includes(cause.code)
      ? `${text} (${cause.code})`
      : text;
  }
  return text === "" ? behind : `${text}: ${behind}`;
}

function hasCode({ code, cause }: ErrorFields): boolean {
  return code !== undefined || (typeof cause === "object" && hasCode(cause));
}

/** Only the frames: the first lines of a stack repeat the message. */
function framesOf(error: Error): string {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return frames.slice(0, MAX_FRAMES).map((frame) => frame.trim()).join(" | ");
}
