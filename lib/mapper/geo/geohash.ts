/**
 * Standard geohash: alternating bits of longitude and latitude, longitude first, five to a character. A value
 * exactly on a midpoint belongs to the upper half, so (0, 0) is `s00000`.
 *
 * Why no library: ARCHITECTURE.md, *Written here, and why*.
 */

const ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";

/** The finest geohash that may be kept without consent: a cell of 0.0055° by 0.011°. */
export const COARSE_LENGTH = 6;

/** Longest geohash of `encodeGeohash`: 60 bits, about 4 cm. */
const MAX_LENGTH = 12;

/** A rectangle in degrees. It includes its southern and western borders, not the others. */
export interface Cell {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

/** Whether two numbers are a place on Earth: finite, latitude within ±90, longitude within ±180. */
export function isOnEarth(lat: number, lng: number): boolean {
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180;
}

/**
 * The geohash of a place in degrees, `length` characters long (1 to 12).
 *
 * Throws RangeError when the place is not on Earth or the length is out of range.
 */
export function encodeGeohash(lat: number, lng: number, length: number = COARSE_LENGTH): string {
  if (!isOnEarth(lat, lng)) {
    throw new RangeError("cannot encode a geohash: got a place outside ±90, ±180 degrees");
  }
  if (!Number.isInteger(length) || length < 1 || length > MAX_LENGTH) {
    throw new RangeError(`cannot encode a geohash: got length ${length}, expected 1 to 12`);
  }
  let south = -90, north = 90, west = -180, east = 180;
  let splitsLongitude = true;
  let geohash = "";
  while (geohash.length < length) {
    let index = 0;
    for (let bit = 0; bit < 5; bit++) {
      const middle = splitsLongitude ? (west + east) / 2 : (south + north) / 2;
      const isUpper = splitsLongitude ? lng >= middle : lat >= middle;
      index = index * 2 + (isUpper ? 1 : 0);
      if (splitsLongitude) {
        if (isUpper) west = middle;
        else east = middle;
      } else if (isUpper) south = middle;
      else north = middle;
      splitsLongitude = !splitsLongitude;
    }
    geohash += ALPHABET.charAt(index);
  }
  return geohash;
}

/**
 * A geohash in lower case, cut to `length` characters; a shorter one stays as it is. Null when the text is
 * not a geohash, or the length is below 1.
 */
export function roundGeohash(text: string, length: number = COARSE_LENGTH): string | null {
  if (length < 1 || !/^[0-9b-hjkmnp-z]+$/i.test(text)) return null;
  return text.slice(0, length).toLowerCase();
}

/** The cell of a lower-case geohash. Throws RangeError when it is invalid. */
export function geohashCell(geohash: string): Cell {
  let south = -90, north = 90, west = -180, east = 180;
  let splitsLongitude = true;
  for (const character of geohash) {
    const index = ALPHABET.indexOf(character);
    if (index < 0) {
      throw new RangeError("cannot find the cell of a geohash: got text outside its alphabet");
    }
    for (let mask = 16; mask > 0; mask >>= 1) {
      const isUpper = (index & mask) !== 0;
      if (splitsLongitude) {
        const middle = (west + east) / 2;
        if (isUpper) west = middle;
        else east = middle;
      } else {
        const middle = (south + north) / 2;
        if (isUpper) south = middle;
        else north = middle;
      }
      splitsLongitude = !splitsLongitude;
    }
  }
  return { south, north, west, east };
}
