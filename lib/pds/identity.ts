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
  DocumentNotFoundError,
  PlcDidDocumentResolver,
} from "@atcute/identity-resolver";
import { get, type GetOptions } from "./get.ts";
import { signingKeyOf } from "./signing_key.ts";
import { SourceError } from "./source_error.ts";

export interface RepositorySource {
  /** Origin of the personal data server. */
  readonly pds: URL;
  readonly signingKey: FoundPublicKey;
}

export interface ResolveOptions extends Pick<GetOptions, "allowPrivate" | "timeoutMs" | "signal"> {
  /** The directory of `did:plc`. */
  readonly plcUrl: string;
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
    if (error instanceof DocumentNotFoundError) {
      throw new SourceError("absent", `cannot resolve ${did}: it has no document`, {
        cause: error,
      });
    }
    const { cause } = error as { readonly cause?: unknown };
    if (cause instanceof SourceError) throw cause;
    throw new SourceError("invalid", `cannot resolve ${did}: its document can't be read`, {
      cause: error,
    });
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
  } catch (cause) {
    throw new SourceError(
      "invalid",
      `cannot read the repository of ${did}: its signing key can't be used`,
      {
        cause,
      },
    );
  }
}

function resolverFor(
  { plcUrl, ...options }: ResolveOptions,
): CompositeDidDocumentResolver<"plc" | "web"> {
  const fetchDocument = async (input: URL | RequestInfo): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    // A did:web has no scheme, and there are no certificates for loopback addresses.
    if (options.allowPrivate && LOOPBACK.test(url.hostname)) url.protocol = "http:";
    const { status, headers, body } = await get(url, { ...options, maxBytes: DOCUMENT_BYTES });
    return new Response(body, { status, headers });
  };
  return new CompositeDidDocumentResolver({
    methods: {
      plc: new PlcDidDocumentResolver({ apiUrl: plcUrl, fetch: fetchDocument }),
      web: new AtprotoWebDidDocumentResolver({ fetch: fetchDocument }),
    },
  });
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
