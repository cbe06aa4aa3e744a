/** Certificates as the text of a setting, because the executable may read no file. */

import { X509Certificate } from "node:crypto";
import { z } from "zod";

/** https://www.rfc-editor.org/rfc/rfc7468#section-5 */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** One or more certificates in PEM form; text between them is ignored, as in OpenSSL. */
export function certificates(): z.ZodType<string, string> {
  return z.string().transform((text, context) => {
    // Environment files, for example Docker's, hold one line per variable.
    const found = text.replaceAll("\\n", "\n").match(CERTIFICATE) ?? [];
    if (found.length > 0 && found.every(isCertificate)) return `${found.join("\n")}\n`;
    context.addIssue({ code: "custom" });
    return z.NEVER;
  });
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
