/** Identifiers of the network: texts that machines make from hashes and clocks, and nobody reads. */

/** A CID, a DID of the PLC directory, or the AT-URI of such an account's record whose key is a TID. */
const IDENTIFIER =
  /^(?:baf[yk]rei[a-z2-7]{52}|(?:at:\/\/)?did:plc:[a-z2-7]{24}(?:\/[A-Za-z]+(?:\.[A-Za-z]+){2,5}\/[2-7a-j][2-7a-z]{12})?)$/;

/** An author may write `47deg36min` in the form of one. */
const DEGREES = /\d(?:deg|gra)/;

/** Whether a whole text is an identifier, whose characters tell no place. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text) && !DEGREES.test(text);
}
