/**
 * An AbortController that aborts with its parent, and detaches from the parent when disposed.
 *
 * `AbortSignal.any` would only do the first half. The program's signal lives for weeks and the scopes under
 * it for seconds, so their listeners must be removed.
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

  /** Aborts only this controller. */
  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }

  /** Aborts everything that still waits on its signal, and detaches. */
  [Symbol.dispose](): void {
    this.#parent.removeEventListener("abort", this.#onAbort);
    this.#controller.abort();
  }
}
