/** The model's geohash: bisection on plain numbers, standard on borders (a midpoint is upper half). */

const ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";

export interface Cell {
  readonly south: number;
  readonly north: number;
  readonly west: number;
  readonly east: number;
}

export function geohashOf(lat: number, lng: number, length: number): string {
  let text = "";
  const cell = { south: -90, north: 90, west: -180, east: 180 };
  let bits = "";
  while (text.length < length) {
    const splitsLongitude = (text.length * 5 + bits.length) % 2 === 0;
    if (splitsLongitude) {
      const middle = (cell.west + cell.east) / 2;
      bits += lng >= middle ? "1" : "0";
      if (lng >= middle) cell.west = middle;
      else cell.east = middle;
    } else {
      const middle = (cell.south + cell.north) / 2;
      bits += lat >= middle ? "1" : "0";
      if (lat >= middle) cell.south = middle;
      else cell.north = middle;
    }
    if (bits.length === 5) {
      text += ALPHABET.charAt(parseInt(bits, 2));
      bits = "";
    }
  }
  return text;
}

/** The bounds of a geohash; null where it holds a character outside the alphabet or is empty. */
export function cellOf(geohash: string): Cell | null {
  if (geohash === "") return null;
  const cell = { south: -90, north: 90, west: -180, east: 180 };
  let even = true;
  for (const letter of geohash) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return null;
    for (const bit of value.toString(2).padStart(5, "0")) {
      const [low, high] = even ? ["west", "east"] as const : ["south", "north"] as const;
      const middle = (cell[low] + cell[high]) / 2;
      if (bit === "1") cell[low] = middle;
      else cell[high] = middle;
      even = !even;
    }
  }
  return cell;
}

/** Whether a place lies in the cell; its borders count as inside. */
export function isInside(cell: Cell, lat: number, lng: number): boolean {
  return lat >= cell.south && lat <= cell.north && lng >= cell.west && lng <= cell.east;
}
