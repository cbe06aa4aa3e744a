/**
 * Whether something takes over `limitMs` milliseconds however often it is done. Once proves nothing: on a
 * machine with other work anything may be held up.
 */
export function isAlwaysSlow(act: () => unknown, limitMs: number): boolean {
  for (let attempt = 0; attempt < 3; attempt++) {
    const start = performance.now();
    act();
    if (performance.now() - start < limitMs) return false;
  }
  return true;
}
