/**
 * Cuts a polygon to a box, by Sutherland and Hodgman. Browsers draw coordinates that are a million pixels away
 * incorrectly, so only land near the map is drawn.
 */

/** @param points pairs of x and y. Returns such pairs; none when the polygon is outside of the box. */
export function clipPolygon(points, { left, right, top, bottom }) {
  const sides = [
    { axis: 0, limit: left, isInside: (value) => value >= left },
    { axis: 0, limit: right, isInside: (value) => value <= right },
    { axis: 1, limit: top, isInside: (value) => value >= top },
    { axis: 1, limit: bottom, isInside: (value) => value <= bottom },
  ];
  return sides.reduce(clipSide, points);
}

function clipSide(points, { axis, limit, isInside }) {
  return points.flatMap((point, index) => {
    const before = points.at(index - 1);
    const [was, is] = [isInside(before[axis]), isInside(point[axis])];
    const crossing = was === is ? [] : [crossingOf(before, point, axis, limit)];
    return is ? [...crossing, point] : crossing;
  });
}

function crossingOf(one, other, axis, limit) {
  const part = (limit - one[axis]) / (other[axis] - one[axis]);
  const crossing = [0, 1].map((at) => one[at] + part * (other[at] - one[at]));
  crossing[axis] = limit;
  return crossing;
}
