// The loss curve, on a logarithmic scale.
import { svg } from "./dom.js";

const WIDTH = 300;
const HEIGHT = 44;

/** Return the points of the polyline for [[step, loss], ...] of `steps` in all. */
export function curvePoints(losses, steps) {
  const usable = losses.filter(([, loss]) => loss > 0);
  if (usable.length < 2) return "";
  const logs = usable.map(([, loss]) => Math.log(loss));
  const low = Math.min(...logs);
  const range = Math.max(...logs) - low || 1;
  const last = Math.max(steps, usable[usable.length - 1][0]);
  return usable
    .map(([step], i) => {
      const x = (step / last) * WIDTH;
      const y = HEIGHT - 3 - ((logs[i] - low) / range) * (HEIGHT - 6);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}

/** Make the curve; `set(losses, steps)` updates it. */
export function curve() {
  const line = svg("polyline", { class: "curve-line", "vector-effect": "non-scaling-stroke" });
  const node = svg(
    "svg",
    {
      class: "curve",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": "Loss",
    },
    line,
  );
  return {
    node,
    set(losses, steps) {
      line.setAttribute("points", curvePoints(losses, steps));
      if (losses.length > 1) {
        const [first, last] = [losses[0][1], losses[losses.length - 1][1]];
        node.setAttribute(
          "aria-label",
          `Loss, from ${first.toPrecision(3)} to ${last.toPrecision(3)}`,
        );
      }
    },
  };
}
