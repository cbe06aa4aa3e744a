/** A limit on everything that a test waits for: what never comes is a failing test, and no run that hangs. */

/** Nothing that a test waits for on one machine takes so long, also where others use it. */
const WAIT_MS = 30_000;

export interface WithinOptions {
  /** Milliseconds. */
  readonly limitMs?: number;
  /** The state when the time was over. */
  readonly state?: () => string;
}

/** Waits for something, and rejects with what it waited for when that doesn't come in time. */
export async function within<T>(
  waiting: Promise<T>,
  what: string,
  { limitMs = WAIT_MS, state = (): string => "" }: WithinOptions = {},
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited ${limitMs / 1000} s for: ${what}\n${state()}`.trimEnd())),
      limitMs,
    );
  });
  try {
    return await Promise.race([waiting, late]);
  } finally {
    clearTimeout(timer);
  }
}
