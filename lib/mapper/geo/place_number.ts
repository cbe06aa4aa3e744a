/** Whether numbers can be a place, and one that is too fine to keep. */

/** Whether a number is finer than a hundredth of a degree: two decimals are a kilometre. */
export function isFineNumber(value: number): boolean {
  return Math.abs(value * 100 - Math.round(value * 100)) > 1e-6;
}

/** Whether two numbers can be a place, in either order, and too fine to keep. */
export function isFinePair(one: number, other: number): boolean {
  return isDegrees(one, other) && (isFineNumber(one) || isFineNumber(other));
}

/** Between Ghana, Nigeria and São Tomé, in either order: no land, but ratings, grades and averages. */
const SEA = 5;

/** Whether two numbers can be a place on land: within the poles, not next to (0, 0), not in the Gulf of Guinea. */
export function isDegrees(one: number, other: number): boolean {
  const less = Math.min(Math.abs(one), Math.abs(other));
  const more = Math.max(Math.abs(one), Math.abs(other));
  if (Math.min(one, other) >= 0 && more <= SEA) return false;
  return less <= 90 && more <= 180 && more > 1;
}
