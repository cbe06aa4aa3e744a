/** Value types of the settings for reading: endpoints, collections, repositories, the start. */

import { z } from "zod";
import { EndpointError, parseEndpoint } from "../client/endpoint.ts";

/** Where to start when no cursor is stored. */
export type StartFrom =
  | { readonly kind: "live" }
  | { readonly kind: "archive" }
  /** Unix microseconds. */
  | { readonly kind: "time"; readonly timeUs: number }
  | { readonly kind: "cursor"; readonly cursor: number };

/** The URL of a server, in the client's form. */
export function jetstreamUrl(): z.ZodType<string, string> {
  return z.string().superRefine((text, context) => {
    try {
      parseEndpoint(text);
      const { username, password } = new URL(text);
      // Credentials are decoded; an encoding error would fail every connection.
      decodeURIComponent(username + password);
    } catch (error) {
      const message = error instanceof EndpointError
        ? error.why
        : "user or password is not percent-encoded";
      context.addIssue({ code: "custom", message, params: { isOurs: true } });
    }
  });
}

/** https://atproto.com/specs/nsid: at least three segments, the last one a name. */
const NSID =
  /^[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+\.[a-zA-Z][a-zA-Z0-9]{0,62}$/;
const PREFIX =
  /^[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\.\*$/;
const MAX_NSID = 317;

/** An NSID, or a prefix that ends at a dot, and `*`. */
export function collectionPattern(): z.ZodType<string, string> {
  return z.string().max(MAX_NSID).refine((text) => NSID.test(text) || PREFIX.test(text));
}

/** https://atproto.com/specs/did */
const DID = /^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$/;
const MAX_DID = 2_048;

/** A DID of any method. */
export function did(): z.ZodType<string, string> {
  return z.string().max(MAX_DID).regex(DID);
}

/** `live`, `archive`, a time, or a cursor. */
export function startFrom(): z.ZodType<StartFrom, string> {
  return z.union([
    z.enum(["live", "archive"]).transform((kind): StartFrom => ({ kind })),
    z.string().regex(/^\d{1,16}$/).transform(Number).pipe(z.int().nonnegative())
      .transform((cursor): StartFrom => ({ kind: "cursor", cursor })),
    z.iso.datetime({ offset: true }).transform((text) => Date.parse(text) * 1000)
      .pipe(z.int().nonnegative())
      .transform((timeUs): StartFrom => ({ kind: "time", timeUs })),
  ]) as z.ZodType<StartFrom, string>;
}
