// Mixing weights: one per style, not negative, with a sum of 1.

/** Even weights for n styles. */
export function even(n) {
  return Array.from({ length: n }, () => 1 / n);
}

/** Scale to a sum of 1; all zero becomes even. */
export function normalise(weights) {
  const clean = weights.map((w) => (Number.isFinite(w) && w > 0 ? w : 0));
  const sum = clean.reduce((a, b) => a + b, 0);
  return sum > 0 ? clean.map((w) => w / sum) : even(weights.length);
}

/** Set one weight; the others share the rest in proportion. */
export function withWeight(weights, index, value) {
  const weight = Math.min(1, Math.max(0, value));
  const others = weights.reduce((a, w, i) => (i === index ? a : a + w), 0);
  return weights.map((w, i) => {
    if (i === index) return weight;
    return others > 0 ? (w / others) * (1 - weight) : (1 - weight) / (weights.length - 1);
  });
}

/** Add a weight of 1/n; the others shrink in proportion. */
export function withNewWeight(weights) {
  const n = weights.length + 1;
  return n === 1 ? [1] : [...weights.map((w) => w * (1 - 1 / n)), 1 / n];
}

/** Remove one weight; the others grow in proportion. */
export function without(weights, index) {
  return normalise(weights.filter((_, i) => i !== index));
}

/** Barycentric weights of a point in a triangle; negative weights become 0. */
export function barycentric(x, y, corners) {
  const [[ax, ay], [bx, by], [cx, cy]] = corners;
  const area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy);
  const a = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area;
  const b = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area;
  return normalise([a, b, 1 - a - b].map((w) => Math.max(0, w)));
}
