// Mask layers: a base picture with strokes on top.
import { api } from "./api.js";

const LONGEST = 1024; // longer side of a mask in pixels; losses average masks to much coarser grids
const drawn = new WeakMap(); // layer -> canvas, white where the mask is, transparent elsewhere
const bases = new Map(); // picture id -> canvas of the same kind

/** Return width and height of the masks of a photo. */
export function maskSize({ width, height }) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** Whether a layer has a base or strokes. */
export function isPainted(layer) {
  return Boolean(layer.base) || layer.strokes.length > 0;
}

/** Return a transparent canvas; `options` are those of its context. */
export function blank([width, height], options = {}) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d", options);
  return canvas;
}

/**
 * Draw one stroke: {size, erase, points: [x, y, ...]} in fractions of the picture, or {invert: true}.
 * Its `time` orders the strokes of all layers.
 */
export function drawStroke(context, stroke) {
  const { width, height } = context.canvas;
  context.save();
  context.fillStyle = context.strokeStyle = "#fff";
  if (stroke.invert) {
    context.globalCompositeOperation = "xor"; // over full white: alpha becomes one minus alpha
    context.fillRect(0, 0, width, height);
  } else {
    context.globalCompositeOperation = stroke.erase ? "destination-out" : "source-over";
    context.lineWidth = stroke.size * Math.max(width, height);
    context.lineCap = context.lineJoin = "round";
    const { points } = stroke;
    context.beginPath();
    context.moveTo(points[0] * width, points[1] * height);
    for (let i = 2; i < points.length; i += 2)
      context.lineTo(points[i] * width, points[i + 1] * height);
    if (points.length === 2) context.lineTo(points[0] * width + 0.01, points[1] * height);
    context.stroke();
  }
  context.restore();
}

/** Return the layer with one more stroke. */
export function withStroke(layer, stroke) {
  const next = { base: layer.base, strokes: [...layer.strokes, stroke] };
  const canvas = drawn.get(layer);
  if (canvas) {
    // Move the old layer's canvas to the new one: redrawing a long mask at each stroke would be slow.
    drawStroke(canvas.getContext("2d"), stroke);
    drawn.delete(layer);
    drawn.set(next, canvas);
  }
  return next;
}

/** Load the base pictures of layers, so that `canvasOf` can draw them. */
export async function loadBases(layers) {
  const missing = layers.map((layer) => layer.base).filter((id) => id && !bases.has(id));
  await Promise.all(
    [...new Set(missing)].map(async (id) => {
      const image = new Image();
      image.src = api.pictureUrl(id);
      await image.decode();
      bases.set(id, lightAsAlpha(image));
      return null;
    }),
  );
}

function lightAsAlpha(image) {
  const canvas = blank(maskSize({ width: image.naturalWidth, height: image.naturalHeight }));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < pixels.data.length; i += 4) {
    pixels.data[i + 3] = pixels.data[i];
    pixels.data[i] = pixels.data[i + 1] = pixels.data[i + 2] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** Draw a layer's base; return whether it has one that is loaded. */
export function drawBase(context, layer) {
  const base = layer.base && bases.get(layer.base);
  if (base) context.drawImage(base, 0, 0, context.canvas.width, context.canvas.height);
  return Boolean(base);
}

/** Return the layer's canvas of `size` (see maskSize). A base that is not loaded yet is drawn by a later call. */
export function canvasOf(layer, size) {
  const cached = drawn.get(layer);
  if (cached && cached.width === size[0] && cached.height === size[1]) return cached;
  const canvas = blank(size);
  const context = canvas.getContext("2d");
  const base = drawBase(context, layer);
  for (const stroke of layer.strokes) drawStroke(context, stroke);
  if (base || !layer.base) drawn.set(layer, canvas);
  return canvas;
}

/** Return a canvas of bytes, one per pixel, white where they are 255. */
export function canvasOfAlpha(alpha, size) {
  const canvas = blank(size);
  const pixels = new ImageData(...size);
  pixels.data.fill(255);
  alpha.forEach((value, i) => {
    pixels.data[4 * i + 3] = value;
  });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

/** Return an opaque grey PNG, white inside the mask. */
export function toPng(canvas) {
  const out = blank([canvas.width, canvas.height]);
  const context = out.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, out.width, out.height);
  context.drawImage(canvas, 0, 0);
  return new Promise((resolve, reject) => {
    out.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("The browser could not save the mask."))),
      "image/png",
    );
  });
}
