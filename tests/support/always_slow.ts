/**
 * Whether a task takes more than `limitMs` milliseconds in every try. One slow try proves nothing: on a
 * machine with other load anything may be delayed.
 */
export function isAlwaysSlow(act: () => unknown, limitMs: number): boolean {
  for (let attempt = 0; attempt < 3; attempt++) {
    const start = performance.now();
    act();
    if (performance.now() - start < limitMs) return false;
  }
  return true;
}
