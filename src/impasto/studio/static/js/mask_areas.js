// Areas of the styles. Where strokes of several layers meet, the last one wins; styles without a mask share the rest.
import { blank, drawBase, drawStroke } from "./masks.js";

// Smaller masks count as none, because the server refuses masks that are nearly black.
const LEAST_LIGHT = 5;
const FRINGE = 128; // strokes are white inside; only their soft edges stay where another stroke covers them
const LEAST_MEAN = 0.05; // of 255

let replay = { key: "", strokes: [], canvases: [] }; // of the last call, because most calls add one stroke

/** Make one canvas transparent where another is white. */
function cut(canvas, other) {
  const context = canvas.getContext("2d");
  context.save();
  context.globalCompositeOperation = "destination-out";
  context.drawImage(other, 0, 0);
  context.restore();
}

function draw(canvases, { stroke, index }) {
  drawStroke(canvases[index].getContext("2d"), stroke);
  if (stroke.erase) return;
  for (const canvas of canvases) {
    if (canvas === canvases[index]) continue;
    if (stroke.invert) cut(canvas, canvases[index]);
    else drawStroke(canvas.getContext("2d"), { ...stroke, erase: true });
  }
}

function strokesInOrder(layers) {
  const strokes = layers.flatMap((layer, index) =>
    layer.strokes.map((stroke) => ({ stroke, index })),
  );
  // The sort is stable: strokes of older drafts, which have no time, stay in the order of the layers.
  return strokes.sort((a, b) => (a.stroke.time ?? 0) - (b.stroke.time ?? 0));
}

/** Return a canvas for each layer, white in its area. The canvases are reused by the next call. */
export function areasOf(layers, size) {
  const canvases = layers.map(() => blank(size, { willReadFrequently: true }));
  const bases = layers.map(
    (layer, i) => drawBase(canvases[i].getContext("2d"), layer) && layer.base,
  );
  const key = JSON.stringify([size, bases]);
  const strokes = strokesInOrder(layers);
  const continues =
    key === replay.key &&
    replay.strokes.every(
      ({ stroke, index }, i) => strokes[i]?.stroke === stroke && strokes[i].index === index,
    );
  if (!continues) replay = { key, strokes: [], canvases };
  for (const entry of strokes.slice(replay.strokes.length)) draw(replay.canvases, entry);
  replay.strokes = strokes;
  return replay.canvases;
}

/** Return the alpha of a canvas, one byte per pixel; all zero if hardly anything is drawn. */
function alphaOf(canvas, least) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return cleaned(
    Uint8Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3]),
    least,
  );
}

function cleaned(alpha, least) {
  let sum = 0;
  let most = 0;
  for (const value of alpha) {
    sum += value;
    if (value > most) most = value;
  }
  return most < least || sum < LEAST_MEAN * alpha.length ? new Uint8Array(alpha.length) : alpha;
}

const isBlack = (alpha) => !alpha.some(Boolean);

/** Scale overlapping masks, of pictures without strokes, to a sum of at most 255; return what is left of it. */
function limit(alphas) {
  const rest = new Uint8Array(alphas[0].length);
  for (let i = 0; i < rest.length; i += 1) {
    let sum = 0;
    for (const alpha of alphas) sum += alpha[i];
    if (sum > 255) for (const alpha of alphas) alpha[i] = Math.floor((alpha[i] * 255) / sum);
    else rest[i] = 255 - sum;
  }
  return rest;
}

/** Return the mask of each style as bytes, null for a style that has no area; null if no layer has one. */
export function sharesOf(layers, size) {
  const alphas = areasOf(layers, size).map((canvas, i) =>
    alphaOf(canvas, layers[i].base ? LEAST_LIGHT : FRINGE),
  );
  const unmasked = alphas.filter(isBlack).length;
  if (unmasked === alphas.length) return null;
  const rest = limit(alphas);
  const share = unmasked
    ? cleaned(
        rest.map((value) => Math.floor(value / unmasked)),
        LEAST_LIGHT,
      )
    : rest;
  return alphas.map((alpha) => {
    if (!isBlack(alpha)) return alpha;
    return isBlack(share) ? null : share;
  });
}
