/** Splits items by size, so that only one part is in memory at a time. */

/** Size of one part, as bytes of JSON; a single larger record is a part of its own. */
export const PART_BYTES = 4 * 1024 * 1024;

/** The items in order, in parts of at most `limit` bytes; a larger item is a part of its own. */
export function inParts<Item extends { readonly bytes: number }>(
  items: readonly Item[],
  partBytes = PART_BYTES,
): readonly (readonly Item[])[] {
  const parts: Item[][] = [];
  let left = 0;
  for (const item of items) {
    if (item.bytes > left || parts.length === 0) {
      parts.push([]);
      left = partBytes;
    }
    left -= item.bytes;
    parts.at(-1)?.push(item);
  }
  return parts;
}
