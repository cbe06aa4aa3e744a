/**
 * Writes log lines without ever waiting for their reader: a full pipe must not stop events, health answers or
 * signals. Lines that don't fit are dropped and counted.
 */

/** Where lines go: standard output. */
export interface LineTarget {
  write(bytes: Uint8Array): Promise<number>;
}

/** Limit for unwritten lines. */
const MAX_WAITING_BYTES = 256 * 2 ** 10;

const encoder = new TextEncoder();

export class LineWriter {
  readonly #target: LineTarget;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | null = null;
  /** Number of dropped lines. */
  dropped = 0;

  constructor(target: LineTarget) {
    this.#target = target;
  }

  /** Takes a line without its line feed. */
  write(line: string): void {
    const bytes = encoder.encode(`${line}\n`);
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#writeAll();
  }

  /** Waits until everything is written, up to `mostMs`. */
  async flush(mostMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, mostMs));
    await Promise.race([this.#writing, late]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      try {
        for (let sent = 0; sent < line.length;) {
          sent += await this.#target.write(line.subarray(sent));
        }
      } catch {
        // A closed standard output must not stop the service.
        this.dropped += 1;
      }
      this.#waitingBytes -= line.length;
    }
    this.#writing = null;
  }
}
