/** What this test file holds in objects and buffers. `rss` is of the process, and that runs other files too. */
export function heldBytes(): number {
  const { heapTotal, external } = Deno.memoryUsage();
  return heapTotal + external;
}
