/** Settings for comparing repositories with their source. */

import { z } from "zod";
import { optional, setting } from "./setting.ts";
import { certificates } from "./setting_certificate.ts";
import { bytes, flag, milliseconds, whole } from "./setting_form.ts";

export const RECONCILE_SETTINGS = {
  PLC_URL: setting({
    accepts: "an http:// or https:// URL",
    default: "https://plc.directory",
    meaning:
      "The directory that resolves did:plc: the server of a repository, and its signing key.",
    schema: z.url({ protocol: /^https?$/ }) as z.ZodType<string, string>,
  }),
  RELAY_URL: setting({
    accepts: "an http:// or https:// URL",
    default: "https://relay1.us-east.bsky.network",
    meaning: "The relay that lists the repositories with records of a collection, for rebuild.",
    schema: z.url({ protocol: /^https?$/ }) as z.ZodType<string, string>,
  }),
  RECONCILE_ENABLED: setting({
    accepts: "true or false",
    default: "true",
    meaning:
      "Compare repositories with their source automatically: after a rebuild, when an account " +
      "returns, and when events may be missing.",
    schema: flag(),
  }),
  RECONCILE_AT_ONCE: setting({
    accepts: "a whole number from 1 to 64",
    default: "4",
    meaning: "Number of repositories that are compared in parallel, at most two per server.",
    schema: whole(1, 64),
  }),
  RECONCILE_EVERY_DAYS: setting({
    accepts: "a whole number from 0 to 3650 (0: never)",
    default: "0",
    meaning: "Compare every repository with stored records again after this many days.",
    schema: whole(0, 3650),
  }),
  RECONCILE_DELETION_DAYS: setting({
    accepts: "a whole number from 0 to 365",
    default: "7",
    meaning:
      "Records of a deleted account are hidden at once, and removed when the source confirms the " +
      "deletion or has not answered for this many days.",
    schema: whole(0, 365),
  }),
  RECONCILE_MAX_BYTES: setting({
    accepts: "bytes from 1 MiB to 1 GiB, as a whole number, alone or with KiB, MiB or GiB",
    default: "32MiB",
    meaning: "A larger repository is listed record by record, without its signature.",
    schema: bytes(2 ** 20, 2 ** 30),
  }),
  RECONCILE_TIMEOUT_MS: setting({
    accepts: "milliseconds, a whole number from 1000 to 3600000",
    default: "60000",
    meaning: "Limit for one whole answer of a server.",
    schema: milliseconds(1_000, 3_600_000),
  }),
  RECONCILE_ROOT_CERT: optional({
    accepts: "certificates in PEM form, line breaks as they are or written \\n",
    meaning:
      "Certificate authority of directory, relay and personal data servers, if private: the PEM " +
      "text itself, trusted in addition to the public ones.",
    schema: certificates(),
  }),
  RECONCILE_ALLOW_PRIVATE: setting({
    accepts: "true or false",
    default: "false",
    meaning: "Allow servers on private addresses, and http: for a network of your own.",
    schema: flag(),
  }),
} as const;
