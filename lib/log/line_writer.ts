/**
 * Writes lines of the log without ever waiting for whoever reads them: a pipe that is full must stop no
 * event, no answer about health and no signal. Lines that don't fit are dropped and counted.
 */

/** Where lines go: standard output. */
export interface LineTarget {
  write(bytes: Uint8Array): Promise<number>;
}

/** What may wait for the reader. */
const MAX_WAITING_BYTES = 256 * 2 ** 10;

const encoder = new TextEncoder();

export class LineWriter {
  readonly #target: LineTarget;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | null = null;
  /** Lines that nobody will read. */
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

  /** Waits until all is written, but no longer than that. */
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
        // A closed standard output ends no service.
        this.dropped += 1;
      }
      this.#waitingBytes -= line.length;
    }
    this.#writing = null;
  }
}
