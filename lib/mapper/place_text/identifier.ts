/** Identifiers of the network: texts that machines make from hashes and clocks, and nobody reads. */

/** A CID, a DID of the PLC directory, or the AT-URI of such an account's record, of Subcults or Bluesky, by its TID. */
const IDENTIFIER =
  /^(?:baf[yk]rei[a-z2-7]{52}|(?:at:\/\/)?did:plc:[a-z2-7]{24}(?:\/app\.(?:bsky|subcult)(?:\.[A-Za-z]+){1,3}\/[2-7a-j][2-7a-z]{12})?)$/;

/** An author may write `47deg36min` in the form of one, or a cell behind the name of its grid. */
const MAY_TELL =
  /\d(?:deg|gra|stopni|derece|astetta)|(?:geohash(?:es)?|mgrs|usng|utm|mapcode|quadkey|maidenhead|locator|georef|gars|gridref|gridreference|ngr|qth|digipin)\//i;

/** Whether a whole text is an identifier, whose characters tell no place. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text) && !MAY_TELL.test(text);
}
