/** Whether a whole text is a geohash, where a place may be and nothing names it. */

/** With a digit and a letter, so that words don't match. */
const GEOHASH = /^(?=[a-z]*\d)(?=\d*[a-z])[\db-hjkmnp-z]{7,12}$/i;
/** One geohash in a hundred has no digit. Few words have four consonants in a row. */
const GEOHASH_OF_LETTERS = /^(?=[a-z]*[b-df-hj-np-tv-xz]{4})[b-hjkmnp-z]{7,12}$/;

/** Words with a capital letter are names. */
export function isGeohash(text: string): boolean {
  if (GEOHASH.test(text) || GEOHASH_OF_LETTERS.test(text)) return true;
  return text === text.toUpperCase() && GEOHASH_OF_LETTERS.test(text.toLowerCase());
}
