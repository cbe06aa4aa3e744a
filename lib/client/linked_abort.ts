/**
 * An AbortController that aborts with its parent, and lets go of the parent when disposed.
 *
 * `AbortSignal.any` would do the first half; but the signal of the program lives for weeks and the
 * scopes under it for seconds, so what hangs on it is taken off as soon as it is of no use.
 */
export class LinkedAbort implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #onAbort = (): void => this.#controller.abort(this.#parent.reason);

  constructor(parent: AbortSignal) {
    this.#parent = parent;
    if (parent.aborted) this.#onAbort();
    else parent.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts this linked alone. */
  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /** Ends the linked: whatever still waits on its signal is aborted. */
  [Symbol.dispose](): void {
    this.#parent.removeEventListener("abort", this.#onAbort);
    this.#controller.abort();
  }
}
