/** A headless Chromium, controlled over its own protocol, as far as the tests of the page need. */

import assert from "node:assert/strict";
import { within } from "./within.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Path of a Chromium: `CHROMIUM`, or the first one in `PATH`. Null when there is none. */
export function findChromium(): string | null {
  const named = Deno.env.get("CHROMIUM");
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  const candidates = named
    ? [named]
    : folders.flatMap((at) => NAMES.map((name) => `${at}/${name}`));
  return candidates.find(isFile) ?? null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

type Params = Readonly<Record<string, unknown>>;

/** Pages with their own storage. They are closed at its end. */
export interface Visit extends AsyncDisposable {
  open(look: Look): Promise<Page>;
}

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  readonly reducedMotion?: boolean;
  /** A touch screen. */
  readonly phone?: boolean;
}

/** Long enough for a machine under load; a test that passes never waits for it. */
const PATIENCE_MS = 20_000;

/** One process for all tests of a file, because starting one takes longer than most tests. Each test has its own visit. */
export class Browser {
  readonly #process: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Params>>();
  readonly #pages = new Map<string, Page>();
  #lastId = 0;

  private constructor(
    process: Deno.ChildProcess,
    profile: string,
    socket: WebSocket,
  ) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
  }

  /** It ends with the test file. */
  static async launch(path: string): Promise<Browser> {
    const profile = await Deno.makeTempDir({ prefix: "page-test-" });
    const process = new Deno.Command(path, {
      args: [
        "--headless",
        "--remote-debugging-port=0",
        `--user-data-dir=${profile}`,
        "--no-first-run",
        "--no-proxy-server",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        // Otherwise it drops clicks and keys until a new document has been painted, long after its script ran.
        "--allow-pre-commit-input",
        "--disable-component-update",
        // Its sandbox refuses to run as root, as it is in containers.
        ...(Deno.uid() === 0 ? ["--no-sandbox"] : []),
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const address = Promise.withResolvers<string>();
    void watchForAddress(process.stderr, address);
    const socket = new WebSocket(await within(address.promise, "the address of Chromium"));
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("error", () => reject(new Error("cannot drive Chromium")));
    });
    const browser = new Browser(process, profile, socket);
    globalThis.addEventListener("unload", () => browser.#end());
    return browser;
  }

  /** A visit with a new profile: no pages and no storage of another visit. */
  async visit(): Promise<Visit> {
    const { browserContextId } = await this.send("Target.createBrowserContext", {});
    return {
      open: (look) => this.#open(look, browserContextId),
      [Symbol.asyncDispose]: async (): Promise<void> => {
        await this.send("Target.disposeBrowserContext", { browserContextId });
      },
    };
  }

  async #open(look: Look, browserContextId: unknown): Promise<Page> {
    const { targetId } = await this.send("Target.createTarget", {
      url: "about:blank",
      browserContextId,
    });
    const attached = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const sessionId = String(attached["sessionId"]);
    const page = new Page((method, params = {}) => this.send(method, params, sessionId));
    this.#pages.set(sessionId, page);
    await page.prepare(look);
    return page;
  }

  send(method: string, params: Params, sessionId?: string): Promise<Params> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Params>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
    return within(answer.promise, `the answer of Chromium to ${method}`);
  }

  #take({ id, method, sessionId, params = {}, result = {}, error }: Message): void {
    if (method !== undefined) this.#pages.get(sessionId ?? "")?.notice(method, params);
    if (id === undefined) return;
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(error.message));
  }

  /** Nothing can be awaited when a test file ends. */
  #end(): void {
    this.#process.kill("SIGKILL");
    const pause = new Int32Array(new SharedArrayBuffer(4));
    // Its helper processes may still write to the profile for a moment.
    for (let tries = 0; tries < 50; tries++) {
      try {
        return Deno.removeSync(this.#profile, { recursive: true });
      } catch {
        Atomics.wait(pause, 0, 0, 100);
      }
    }
  }
}

/** Reads to the end, so that the pipe never fills. */
async function watchForAddress(
  stderr: ReadableStream<Uint8Array>,
  address: PromiseWithResolvers<string>,
): Promise<void> {
  let text = "";
  for await (const chunk of stderr.pipeThrough(new TextDecoderStream() as TransformStream)) {
    if (text.length < 100_000) text += chunk;
    const found = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (found !== undefined) address.resolve(found);
  }
  address.reject(new Error(`Chromium ended: ${text.slice(0, 500)}`));
}

type Send = (method: string, params?: Params) => Promise<Params>;

export class Page {
  /** URLs of all its requests. */
  readonly requests: string[] = [];
  /** Errors of its script, and violations of its policy. */
  readonly problems: string[] = [];
  readonly #send: Send;
  #mouse = { x: 0, y: 0 };

  constructor(send: Send) {
    this.#send = send;
  }

  async prepare(look: Look): Promise<void> {
    for (const domain of ["Page", "Runtime", "Network", "Log"]) {
      await this.#send(`${domain}.enable`);
    }
    await this.resemble(look);
  }

  async resemble(
    { width, height, scheme, reducedMotion = false, phone = false }: Look,
  ): Promise<void> {
    await this.#send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: phone,
    });
    await this.#send("Emulation.setTouchEmulationEnabled", { enabled: phone });
    await this.#send("Emulation.setEmulatedMedia", {
      features: [
        { name: "prefers-color-scheme", value: scheme },
        { name: "prefers-reduced-motion", value: reducedMotion ? "reduce" : "no-preference" },
      ],
    });
  }

  notice(method: string, params: Params): void {
    const { request, exceptionDetails, entry } = params as {
      request?: { url: string };
      exceptionDetails?: { text: string; exception?: { description?: string } };
      entry?: { source: string; level: string; text: string };
    };
    if (method === "Network.requestWillBeSent" && request) this.requests.push(request.url);
    if (method === "Runtime.exceptionThrown" && exceptionDetails) {
      this.problems.push(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    // Error answers are logged too; tests check those themselves.
    if (method === "Log.entryAdded" && entry?.level === "error" && entry.source !== "network") {
      this.problems.push(entry.text);
    }
  }

  async goto(url: string): Promise<void> {
    await this.#send("Page.navigate", { url });
    await this.until("document.readyState === 'complete'");
  }

  /** The value of an expression, which may be a promise. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.#send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as {
      result: { value?: unknown };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (answer.exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${answer.exceptionDetails.exception?.description}`);
    }
    return answer.result.value;
  }

  /** Waits until an expression is truthy, and returns its value. */
  async until(expression: string): Promise<unknown> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const value = await this.evaluate(expression).catch(() => false);
      if (value) return value;
      if (performance.now() > end) {
        const text = await this.evaluate("document.body.innerText.slice(0, 600)");
        assert.fail(`never true: ${expression}; the page says: ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The visible text of an element. */
  async text(selector: string): Promise<string> {
    return String(await this.evaluate(`document.querySelector(${quoted(selector)}).innerText`));
  }

  /** Clicks into the middle of an element, with the mouse. */
  async click(selector: string): Promise<void> {
    await this.mouseDown(selector);
    await this.mouseUp();
  }

  /** Presses the mouse in the middle of an element, once that does not move and nothing covers it. */
  async mouseDown(selector: string): Promise<void> {
    this.#mouse = await this.until(`(async () => {
      const element = document.querySelector(${quoted(selector)});
      element.scrollIntoView({ block: "center", behavior: "instant" });
      const place = async () => {
        await new Promise(requestAnimationFrame);
        const { x, y, width, height } = element.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
      };
      const places = [await place(), await place(), await place()];
      const [{ x, y }] = places;
      const still = places.every((other) => other.x === x && other.y === y);
      return still && element.contains(document.elementFromPoint(x, y)) ? { x, y } : null;
    })()`) as { x: number; y: number };
    await this.#moveMouse("mousePressed");
  }

  /** Releases the mouse where it was pressed. */
  async mouseUp(): Promise<void> {
    await this.#moveMouse("mouseReleased");
  }

  async #moveMouse(type: "mousePressed" | "mouseReleased"): Promise<void> {
    await this.#send("Input.dispatchMouseEvent", {
      type,
      ...this.#mouse,
      button: "left",
      clickCount: 1,
    });
  }

  /** Types into the focused element. */
  async type(text: string): Promise<void> {
    await this.#send("Input.insertText", { text });
  }

  async press(key: "Enter" | "Tab" | "Escape"): Promise<void> {
    const code = { Enter: 13, Tab: 9, Escape: 27 }[key];
    const stroke = { key, code: key, windowsVirtualKeyCode: code };
    const text = key === "Enter" ? { text: "\r" } : {};
    await this.#send("Input.dispatchKeyEvent", { type: "keyDown", ...stroke, ...text });
    await this.#send("Input.dispatchKeyEvent", { type: "keyUp", ...stroke });
  }

  /** A picture of the whole page, as PNG. */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.#send("Page.captureScreenshot", { captureBeyondViewport: true });
    return Uint8Array.from(atob(String(data)), (character) => character.charCodeAt(0));
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
