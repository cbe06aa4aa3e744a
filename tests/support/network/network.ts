/** A real network in a process of its own: directory and personal data servers, with clients for tests. */

/** Where the packages are installed; null where they are not. */
export const PACKAGES = Deno.env.get("ATPROTO_PACKAGES") || null;

export interface RealAccount {
  readonly did: string;
  readonly pds: string;
  readonly token: string;
}

interface Listed {
  readonly uri: string;
  readonly cid: string;
}

const PASSWORD = "a password of the tests";

export class RealNetwork implements AsyncDisposable {
  readonly plcUrl: string;
  readonly pds: readonly string[];
  readonly #child: Deno.ChildProcess;
  #accounts = 0;

  private constructor(
    child: Deno.ChildProcess,
    { plcUrl, pds }: { plcUrl: string; pds: string[] },
  ) {
    this.#child = child;
    this.plcUrl = plcUrl;
    this.pds = pds;
  }

  static async start(packages: string): Promise<RealNetwork> {
    const script = new URL("network.mjs", import.meta.url).pathname;
    const child = new Deno.Command("node", {
      args: [script, packages],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await lines.read();
    await lines.cancel();
    return new RealNetwork(child, JSON.parse(value));
  }

  /** A new account on one of the servers. */
  async account(server: number): Promise<RealAccount> {
    const pds = this.pds[server] ?? "";
    const name = `account${++this.#accounts}`;
    const body = { handle: `${name}.test`, email: `${name}@mail.test`, password: PASSWORD };
    const made = await call<{ did: string; accessJwt: string }>(
      pds,
      "com.atproto.server.createAccount",
      body,
    );
    return { did: made.did, pds, token: made.accessJwt };
  }

  /** Writes a record; with null, removes it. */
  async put(
    { did, pds, token }: RealAccount,
    path: string,
    record: Readonly<Record<string, unknown>> | null,
  ): Promise<void> {
    const [collection, rkey] = path.split("/");
    const key = { repo: did, collection, rkey };
    if (record === null) await call(pds, "com.atproto.repo.deleteRecord", key, token);
    else await call(pds, "com.atproto.repo.putRecord", { ...key, record }, token);
  }

  async upload({ pds, token }: RealAccount, text: string): Promise<unknown> {
    const response = await fetch(`${pds}/xrpc/com.atproto.repo.uploadBlob`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "text/plain" },
      body: text,
    });
    return (await response.json() as { blob: unknown }).blob;
  }

  async deactivate({ pds, token }: RealAccount): Promise<void> {
    await call(pds, "com.atproto.server.deactivateAccount", {}, token);
  }

  async activate({ pds, token }: RealAccount): Promise<void> {
    await call(pds, "com.atproto.server.activateAccount", {}, token);
  }

  /** As an operator of the server removes it. */
  async delete({ did, pds }: RealAccount): Promise<void> {
    await call(pds, "com.atproto.admin.deleteAccount", { did }, `admin:admin`);
  }

  /** What the server itself says that it has: CIDs by URI. */
  async records(
    { did, pds }: RealAccount,
    collections: readonly string[],
  ): Promise<[string, string][]> {
    const found: [string, string][] = [];
    for (const collection of collections) {
      const url = new URL("/xrpc/com.atproto.repo.listRecords", pds);
      url.search = new URLSearchParams({ repo: did, collection, limit: "100" }).toString();
      const { records } = await (await fetch(url)).json() as { records: Listed[] };
      found.push(...records.map(({ uri, cid }) => [uri, cid] as [string, string]));
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}

/** Calls a procedure. A token with a colon is a name and a password. */
async function call<Answer>(
  pds: string,
  method: string,
  body: unknown,
  token?: string,
): Promise<Answer> {
  const auth = token === undefined
    ? {}
    : { authorization: token.includes(":") ? `Basic ${btoa(token)}` : `Bearer ${token}` };
  // Some procedures take no body, and refuse an empty one.
  const isEmpty = Object.keys(body as object).length === 0 && method.endsWith("activateAccount") &&
    !method.endsWith("deactivateAccount");
  const response = await fetch(`${pds}/xrpc/${method}`, {
    method: "POST",
    headers: { ...auth, ...(isEmpty ? {} : { "content-type": "application/json" }) },
    ...(isEmpty ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} answered ${response.status}: ${text}`);
  return (text === "" ? {} : JSON.parse(text)) as Answer;
}
