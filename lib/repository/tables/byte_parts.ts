/** Cuts what is large by its size, so that no more than a part of it is in memory at a time. */

/** How much of records is in memory at a time, as bytes of JSON, unless one record has more. */
export const PART_BYTES = 4 * 1024 * 1024;

/** Items in their order, in parts of at most so many bytes; an item that has more is a part of its own. */
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
