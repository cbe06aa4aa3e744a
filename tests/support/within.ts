/** A limit for every wait of a test: a wait that never ends fails the test instead of hanging the run. */

/** Longer than any successful wait on one machine, also with other load. */
const WAIT_MS = 30_000;

export interface WithinOptions {
  /** Milliseconds. */
  readonly limitMs?: number;
  /** The state when the time was over. */
  readonly state?: () => string;
}

/** Waits for a promise. Rejects with a description when it does not settle in time. */
export async function within<T>(
  waiting: Promise<T>,
  what: string,
  { limitMs = WAIT_MS, state = (): string => "" }: WithinOptions = {},
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(lateError(what, limitMs, state)),
      limitMs,
    );
  });
  try {
    return await Promise.race([waiting, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface UntilOptions extends WithinOptions {
  /** Milliseconds between two looks. */
  readonly everyMs?: number;
}

/** Looks again and again until something holds: for what nobody reports. Rejects when it does not in time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  { limitMs = WAIT_MS, everyMs = 20, state = (): string => "" }: UntilOptions = {},
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!await holds()) {
    if (performance.now() > end) throw lateError(what, limitMs, state);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function lateError(what: string, limitMs: number, state: () => string): Error {
  return new Error(`waited ${limitMs / 1000} s for: ${what}\n${state()}`.trimEnd());
}
