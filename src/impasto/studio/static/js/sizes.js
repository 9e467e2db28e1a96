// Sizes of paintings: the longer sides on offer, and width and height of a picture with such a side.
import { MAX_ONE_PASS_SIDE, store } from "./state.js";

const { state } = store;
const SIDES = [256, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192];
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
  if (state.size >= longest) return sides;
  // A replayed recipe may have another size; it stays until the slider moves.
  return sides.includes(state.size) ? sides : [...sides, state.size].sort((a, b) => a - b);
}

/** The size that the picture on the stage has or will have. */
export function stageSize() {
  return state.content ? outputSize(state.content, state.size) : null;
}
