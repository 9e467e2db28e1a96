// Sizes of paintings: the longer sides on offer, and width and height of a picture with such a side.
import { printPixels } from "./print_sizes.js";
import { MAX_ONE_PASS_SIDE, store } from "./state.js";

const { state } = store;
const SIDES = [256, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192];
export const DEFAULT_SIDE = 512;
const OWN_SIDE_LIMIT = 1024; // a painting without a size has the photo's own, up to this

/** Return width and height of a painting of `content` with a longer side of `side`. */
export function outputSize(content, side) {
  const longest = Math.max(content.width, content.height);
  const scale = (content.clip ? Math.min(side, longest) : side) / longest; // a clip is never enlarged
  return [content.width, content.height].map((length) => Math.max(1, Math.round(length * scale)));
}

/** Return the longer side of a painting whose recipe has no size. */
export function ownSide(content) {
  return content ? Math.min(OWN_SIDE_LIMIT, Math.max(content.width, content.height)) : 512;
}

/** Return the longer side on offer that is nearest to `side`. */
export function nearestSide(side) {
  const distance = (other) => Math.abs(Math.log(other / side));
  return allowedSides().reduce((best, other) => (distance(other) < distance(best) ? other : best));
}

/** Return the longer sides that the studio's limits allow for the photo, and the current one. */
export function allowedSides() {
  const most = state.info?.limits?.pixels ?? Infinity;
  const fits = (side) => {
    const [w, h] = state.content ? outputSize(state.content, side) : [side, side];
    return w * h <= most && (!state.trained || side <= MAX_ONE_PASS_SIDE);
  };
  const { content } = state;
  const longest = content?.clip ? Math.max(content.width, content.height) : Infinity;
  const offered = SIDES.filter((side) => side < longest);
  if (content?.clip) offered.push(longest);
  const sides = offered.filter((side) => side <= 512 || fits(side));
  if (state.size >= longest || currentPrint()) return sides;
  // A replayed recipe may have another size; it stays until the slider moves.
  return sides.includes(state.size) ? sides : [...sides, state.size].sort((a, b) => a - b);
}

/** The size in print of the next painting, null if it is in pixels, as that of a clip always is. */
export function currentPrint() {
  return state.content?.clip ? null : state.print;
}

/** Return width and height of the next painting, of `content`. */
export function paintedSize(content = state.content) {
  if (!content) return null;
  const print = currentPrint();
  return print ? printPixels(print, content) : outputSize(content, state.size);
}

/** The size on the stage: of the job that is shown, else of the whole photo, also where a print cuts it. */
export function stageSize() {
  if (!state.content) return null;
  const { job } = state;
  const side = currentPrint() ? Math.max(...paintedSize()) : state.size;
  const whole = outputSize(state.content, side);
  if (!job?.scale) return whole;
  const [w, h] = job.scale;
  return Math.abs((w * whole[1]) / (h * whole[0]) - 1) < 0.02 ? whole : job.scale;
}
