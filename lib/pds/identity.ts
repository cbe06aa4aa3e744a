/** Resolves a DID: the server with its repository, and the key that signs the repository. */

import type { FoundPublicKey } from "@atcute/crypto";
import {
  type DidDocument,
  getAtprotoVerificationMaterial,
  getPdsEndpoint,
  isAtprotoDid,
} from "@atcute/identity";
import {
  AtprotoWebDidDocumentResolver,
  CompositeDidDocumentResolver,
  PlcDidDocumentResolver,
} from "@atcute/identity-resolver";
import { get, type GetOptions, type Got } from "./get.ts";
import { signingKeyOf } from "./signing_key.ts";
import { SourceError } from "./source_error.ts";
import { retryAfterMs } from "./xrpc.ts";

export interface RepositorySource {
  /** Origin of the personal data server. */
  readonly pds: URL;
  readonly signingKey: FoundPublicKey;
}

export interface ResolveOptions extends Omit<GetOptions, "maxBytes" | "accept"> {
  /** The directory of `did:plc`. */
  readonly plcUrl: string;
  /** Throws a `SourceError` while a server of documents must not be queried. Default: all may be. */
  readonly mayAsk?: (server: string) => void;
  /** Called when such a server did not answer, with how long it asked not to be retried, milliseconds. */
  readonly rest?: (server: string, ms: number) => void;
}

const DOCUMENT_BYTES = 64 * 1024;

/** Resolves a `did:plc` or `did:web`. Throws a `SourceError`, or the reason of the signal. */
export async function resolveSource(
  did: string,
  options: ResolveOptions,
): Promise<RepositorySource> {
  if (!isAtprotoDid(did)) {
    throw new SourceError("refused", `cannot resolve ${did}: expected did:plc or did:web`);
  }
  let document: DidDocument;
  try {
    document = await resolverFor(options).resolve(did, { signal: options.signal });
  } catch (error) {
    options.signal.throwIfAborted();
    const { cause } = error as { readonly cause?: unknown };
    if (cause instanceof SourceError) throw cause;
    // The error quotes the document, which can hold a place.
    throw new SourceError("invalid", `cannot resolve ${did}: its document can't be read`);
  }
  return sourceOf(did, document);
}

function sourceOf(did: string, document: DidDocument): RepositorySource {
  const pds = getPdsEndpoint(document);
  const material = getAtprotoVerificationMaterial(document);
  if (pds === undefined || material === undefined) {
    const lacks = pds === undefined ? "personal data server" : "signing key";
    throw new SourceError(
      "absent",
      `cannot read the repository of ${did}: its document names no ${lacks}`,
    );
  }
  try {
    return { pds: new URL(pds), signingKey: signingKeyOf(material) };
  } catch {
    throw new SourceError(
      "invalid",
      `cannot read the repository of ${did}: its signing key can't be used`,
    );
  }
}

function resolverFor(
  { plcUrl, ...options }: ResolveOptions,
): CompositeDidDocumentResolver<"plc" | "web"> {
  const fetchDocument = async (input: URL | RequestInfo): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    // A did:web has no scheme, and loopback addresses have no certificates, unless an authority is configured.
    const { allowPrivate, rootCertificates = [] } = options;
    if (allowPrivate && rootCertificates.length === 0 && LOOPBACK.test(url.hostname)) {
      url.protocol = "http:";
    }
    // A document can name the directory as its personal data server. That must not stop queries to the directory.
    const server = `${url.host} (documents)`;
    options.mayAsk?.(server);
    try {
      const { headers, body } = await documentAt(url, options);
      return new Response(body, { headers });
    } catch (error) {
      if (error instanceof SourceError && error.failure === "unreachable") {
        options.rest?.(server, error.retryAfterMs);
      }
      throw error;
    }
  };
  return new CompositeDidDocumentResolver({
    methods: {
      plc: new PlcDidDocumentResolver({ apiUrl: plcUrl, fetch: fetchDocument }),
      web: new AtprotoWebDidDocumentResolver({ fetch: fetchDocument }),
    },
  });
}

/** Throws a `SourceError` for every answer but 200. */
async function documentAt(url: URL, options: Omit<GetOptions, "maxBytes">): Promise<Got> {
  const got = await get(url, { ...options, maxBytes: DOCUMENT_BYTES });
  const { status, headers } = got;
  if (status === 200) return got;
  const { host } = url;
  const message = `cannot resolve a DID: ${host} answered ${status}`;
  // 410: the DID was deactivated forever.
  if (status === 404 || status === 410) {
    const standing = status === 410 ? "gone" : "undocumented";
    throw new SourceError("absent", message, { standing });
  }
  throw new SourceError("unreachable", message, { host, retryAfterMs: retryAfterMs(headers) });
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
