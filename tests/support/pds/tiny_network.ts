/**
 * A network of one server on 127.0.0.1, which is the directory of `did:plc`, a relay that lists repositories, and a
 * personal data server at once.
 * On request it behaves like broken or hostile servers.
 */

import { decode, encode } from "@atcute/cbor";
import {
  P256PrivateKeyExportable,
  type PrivateKeyExportable,
  Secp256k1PrivateKeyExportable,
} from "@atcute/crypto";
import { fromBase64Url, toBase58Btc } from "@atcute/multibase";
import { recordCid } from "../../../lib/decoder/cbor/cid.ts";
import type { Certificate } from "../certificates.ts";
import { tidAt } from "../sample_events.ts";
import { signedCar } from "./signed_car.ts";

/** 2026-08-20T09:30:00Z, Unix microseconds. */
const FIRST_US = 1_787_218_200_000_000;

/** The curve of an account's key, and how its document writes it. */
export interface KeyForm {
  readonly curve: "p256" | "secp256k1";
  readonly form: "Multikey" | "old" | "old and whole";
}

interface Account {
  key: PrivateKeyExportable;
  readonly keyForm: KeyForm;
  readonly records: Map<string, unknown>;
  rev: string;
}

/** Answers in place of the server; null: the server answers. */
export type Misbehaviour = (
  request: Request,
  url: URL,
) => Response | null | Promise<Response | null>;

export class TinyNetwork implements AsyncDisposable {
  readonly url: string;
  /** Requests, by their paths and queries. */
  readonly asked: string[] = [];
  readonly #accounts = new Map<string, Account>();
  readonly #server: Deno.HttpServer;
  misbehaviour: Misbehaviour = () => null;
  /** Repositories in a page of the relay's list. */
  listed = 1000;
  #revs = 0;

  /** With a certificate it speaks TLS, as `localhost`. */
  constructor(certificate: Certificate | null = null) {
    const at = { hostname: "127.0.0.1", port: 0, onListen: (): void => {} };
    this.#server = Deno.serve(
      { ...at, ...certificate },
      (request) => this.#answer(request),
    );
    const { port } = this.#server.addr as Deno.NetAddr;
    this.url = certificate === null ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
  }

  /** The DID that is this server itself. */
  get web(): string {
    return `did:web:${encodeURIComponent(new URL(this.url).host)}`;
  }

  async account(
    did: string,
    keyForm: KeyForm = { curve: "p256", form: "Multikey" },
  ): Promise<void> {
    const key = await keyOn(keyForm.curve);
    this.#accounts.set(did, { key, keyForm, records: new Map(), rev: this.#nextRev() });
  }

  /** Writes a record; with null, removes it. Returns the revision. */
  put(did: string, path: string, record: unknown): string {
    const account = this.#of(did);
    if (record === null) account.records.delete(path);
    else account.records.set(path, record);
    account.rev = this.#nextRev();
    return account.rev;
  }

  records(did: string): ReadonlyMap<string, unknown> {
    return this.#of(did).records;
  }

  rev(did: string): string {
    return this.#of(did).rev;
  }

  async car(did: string): Promise<Uint8Array<ArrayBuffer>> {
    const { key, records, rev } = this.#of(did);
    return new Uint8Array(await signedCar(did, rev, records, key));
  }

  /** Another key signs from now on, while the DID document names the old one. */
  async stealKey(did: string): Promise<void> {
    const account = this.#of(did);
    const published = account.key;
    account.key = await keyOn(account.keyForm.curve);
    this.#published.set(did, published);
  }

  /** Two accounts that are signed with one key, as a server may do it. */
  shareKey(did: string, other: string): void {
    this.#of(other).key = this.#of(did).key;
  }

  readonly #published = new Map<string, PrivateKeyExportable>();

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #of(did: string): Account {
    const account = this.#accounts.get(did);
    if (account === undefined) throw new Error(`the test has no account ${did}`);
    return account;
  }

  #nextRev(): string {
    return tidAt(FIRST_US + 1_000_000 * this.#revs++);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    this.asked.push(url.pathname + url.search);
    const instead = await this.misbehaviour(request, url);
    if (instead !== null) return instead;
    const did = url.searchParams.get("did") ?? url.searchParams.get("repo") ??
      (url.pathname === "/.well-known/did.json"
        ? this.web
        : decodeURIComponent(url.pathname.slice(1)));
    const account = this.#accounts.get(did);
    switch (url.pathname) {
      case "/xrpc/com.atproto.sync.listReposByCollection":
        return Response.json(this.#list(url));
      case "/xrpc/com.atproto.sync.getRepo":
        return account === undefined ? notFound() : new Response(await this.car(did));
      case "/xrpc/com.atproto.sync.getLatestCommit":
        return account === undefined ? notFound() : Response.json({ rev: account.rev, cid: "x" });
      case "/xrpc/com.atproto.repo.listRecords":
        return account === undefined ? notFound() : Response.json(page(did, account, url));
    }
    return account === undefined
      ? new Response("{}", { status: 404 })
      : Response.json(await this.#document(did, account));
  }

  /** As a relay, in pages of `listed`. */
  #list({ searchParams }: URL): unknown {
    const collection = searchParams.get("collection") ?? "";
    const after = searchParams.get("cursor") ?? "";
    const found = [...this.#accounts].filter(([did, { records }]) =>
      did > after && [...records.keys()].some((path) => path.startsWith(`${collection}/`))
    ).map(([did]) => ({ did })).toSorted((a, b) => a.did < b.did ? -1 : 1).slice(0, this.listed);
    const cursor = found.at(-1)?.did;
    return { repos: found, ...(cursor === undefined ? {} : { cursor }) };
  }

  async #document(did: string, { key, keyForm }: Account): Promise<unknown> {
    const published = this.#published.get(did) ?? key;
    return {
      "@context": ["https://www.w3.org/ns/did/v1"],
      id: did,
      verificationMethod: [{
        id: `${did}#atproto`,
        controller: did,
        ...await written(published, keyForm),
      }],
      service: [{
        id: "#atproto_pds",
        type: "AtprotoPersonalDataServer",
        serviceEndpoint: this.url,
      }],
    };
  }
}

function keyOn(curve: KeyForm["curve"]): Promise<PrivateKeyExportable> {
  return curve === "p256"
    ? P256PrivateKeyExportable.createKeypair()
    : Secp256k1PrivateKeyExportable.createKeypair();
}

async function written(
  key: PrivateKeyExportable,
  { curve, form }: KeyForm,
): Promise<{ readonly type: string; readonly publicKeyMultibase: string }> {
  if (form === "Multikey") {
    return { type: form, publicKeyMultibase: await key.exportPublicKey("multikey") };
  }
  const { x = "", y = "" } = await key.exportPublicKey("jwk");
  const point = form === "old"
    ? await key.exportPublicKey("raw")
    : Uint8Array.of(4, ...fromBase64Url(x), ...fromBase64Url(y));
  const type = `EcdsaSecp256${curve === "p256" ? "r1" : "k1"}VerificationKey2019`;
  return { type, publicKeyMultibase: `z${toBase58Btc(point)}` };
}

function notFound(): Response {
  return Response.json({ error: "RepoNotFound", message: "not here" }, { status: 400 });
}

function page(did: string, { records }: Account, { searchParams }: URL): unknown {
  const collection = searchParams.get("collection") ?? "";
  const after = searchParams.get("cursor") ?? "";
  const limit = Number(searchParams.get("limit") ?? 50);
  const found = [...records].filter(([path]) => path.startsWith(`${collection}/`))
    .map(([path, value]) => ({ rkey: path.slice(collection.length + 1), value }))
    .filter(({ rkey }) => rkey > after)
    .toSorted((a, b) => a.rkey < b.rkey ? -1 : 1)
    .slice(0, limit);
  return {
    records: found.map(({ rkey, value }) => ({
      uri: `at://${did}/${collection}/${rkey}`,
      cid: recordCid(encode(value)),
      // As JSON carries it.
      value: decode(encode(value)),
    })),
    ...(found.length === limit ? { cursor: found.at(-1)?.rkey } : {}),
  };
}
