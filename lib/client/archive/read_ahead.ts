import { LinkedAbort } from "../linked_abort.ts";

/** A task to run ahead of its turn. */
export interface Task<T> {
  /** Approximate memory of the result. */
  readonly bytes: number;
  /** `turn` resolves when all earlier results were given. */
  readonly run: (signal: AbortSignal, turn: Promise<void>) => Promise<T>;
}

export interface AheadLimits {
  /** Tasks that run, or have finished and wait for their turn. */
  readonly tasks: number;
  /** Memory of their results. A single larger one is allowed, alone. */
  readonly bytes: number;
}

interface Held<T> {
  readonly result: Promise<T>;
  readonly isFirst: () => void;
  bytes: number;
}

/**
 * Runs tasks in parallel and yields their results in order. A yielded result counts as held until the next
 * one is requested.
 *
 * A failed task ends the iteration at its turn, not before: earlier results are yielded first. When the
 * consumer stops, or `signal` aborts, all tasks are aborted and awaited.
 *
 * @param tasks pulled one by one, while there is room
 */
export async function* readAhead<T extends { readonly bytes: number }>(
  tasks: (signal: AbortSignal) => AsyncIterable<Task<T>>,
  limits: AheadLimits,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  using linked = new LinkedAbort(signal);
  const held: Held<T>[] = [];
  let bytes = 0;
  let ended = false;
  let bell = Promise.withResolvers<void>();
  const ring = (): void => {
    bell.resolve();
    bell = Promise.withResolvers<void>();
  };

  const start = (task: Task<T>): void => {
    const turn = Promise.withResolvers<void>();
    const entry: Held<T> = {
      result: task.run(linked.signal, turn.promise),
      isFirst: turn.resolve,
      bytes: task.bytes,
    };
    bytes += entry.bytes;
    held.push(entry);
    held[0]?.isFirst();
    entry.result.then((result) => {
      bytes += result.bytes - entry.bytes;
      entry.bytes = result.bytes;
      ring();
    }, () => {});
  };
  const hasRoom = (wanted: number): boolean =>
    held.length === 0 || (held.length < limits.tasks && bytes + wanted <= limits.bytes);
  const startAll = async (): Promise<void> => {
    try {
      for await (const task of tasks(linked.signal)) {
        while (!hasRoom(task.bytes)) await bell.promise;
        linked.signal.throwIfAborted();
        start(task);
        ring();
      }
    } finally {
      ended = true;
      ring();
    }
  };

  const starting = startAll();
  starting.catch(() => {});
  try {
    for (;;) {
      while (held.length === 0 && !ended) await bell.promise;
      const next = held[0];
      if (next === undefined) return await starting;
      yield await next.result;
      held.shift();
      bytes -= next.bytes;
      held[0]?.isFirst();
      ring();
    }
  } finally {
    linked.abort(signal.aborted ? signal.reason : undefined);
    const left = held.splice(0);
    ring();
    await Promise.allSettled([starting, ...left.map(({ result }) => result)]);
  }
}
