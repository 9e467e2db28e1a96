// Uploads the masks shortly after the last stroke.
import { complain } from "./a11y.js";
import { api } from "./api.js";
import { connection } from "./connection.js";
import { debounce } from "./dom.js";
import { sharesOf } from "./mask_areas.js";
import { canvasOf, canvasOfAlpha, isPainted, loadBases, maskSize, toPng } from "./masks.js";
import { store } from "./state.js";

const { state } = store;
const ids = new WeakMap(); // layer -> id of its picture on the server
const MAX_SENT = 8;
const sent = []; // {share, width, id} of the last masks that were uploaded
const waiting = new Set();
let round = 0;

async function idOf(layer, size, name) {
  if (layer.base && !layer.strokes.length) return layer.base;
  if (!ids.has(layer)) {
    const picture = await api.upload(await toPng(canvasOf(layer, size)), name);
    ids.set(layer, picture.id);
  }
  return ids.get(layer);
}

/** Return the id of a style's mask; a mask that was uploaded lately is not sent again. */
async function idOfShare(share, size, name) {
  const same = (entry) =>
    entry.width === size[0] &&
    entry.share.length === share.length &&
    entry.share.every((value, i) => value === share[i]);
  let entry = sent.find(same);
  if (!entry) {
    const { id } = await api.upload(await toPng(canvasOfAlpha(share, size)), name);
    entry = { share, width: size[0], id };
    sent.push(entry);
    if (sent.length > MAX_SENT) sent.shift();
  }
  return entry.id;
}

/** Return the id of each style's mask, null for a style without an area; null if there are no masks. */
async function maskIdsOf(layers, size) {
  // The masks of a job that was opened stay as they are until one of them is changed.
  if (layers.every((layer) => layer.base && !layer.strokes.length))
    return layers.length ? layers.map((layer) => layer.base) : null;
  const shares = sharesOf(layers, size);
  if (!shares) return null;
  const result = [];
  for (const [i, share] of shares.entries())
    result.push(share && (await idOfShare(share, size, `mask-${i + 1}.png`)));
  return result;
}

async function uploadAll({ masks, protect, content }) {
  const size = maskSize(content);
  await loadBases([...masks, protect]);
  return {
    masks: masks.some(isPainted) ? await maskIdsOf(masks, size) : null,
    protect: isPainted(protect) ? await idOf(protect, size, "protect.png") : null,
  };
}

const upload = debounce(async () => {
  const thisRound = ++round;
  try {
    const maskIds = await uploadAll(state);
    if (thisRound !== round) return; // the masks have changed; a newer round uploads them
    store.set({ maskIds, masksBusy: false });
    for (const resolve of waiting) resolve();
    waiting.clear();
  } catch (error) {
    complain(error); // masksBusy stays set, so that no picture is painted with outdated masks
  }
}, 180);

function changed() {
  round += 1;
  if (state.content && (state.masks.some(isPainted) || isPainted(state.protect))) {
    store.set({ masksBusy: true });
    upload();
  } else {
    upload.cancel();
    const none = state.maskIds.masks === null && state.maskIds.protect === null;
    store.set({ masksBusy: false, ...(none ? {} : { maskIds: { masks: null, protect: null } }) });
    for (const resolve of waiting) resolve();
    waiting.clear();
  }
}

/** Resolve once the server has the current masks. */
export function masksReady() {
  return state.masksBusy ? new Promise((resolve) => waiting.add(resolve)) : Promise.resolve();
}

/** Follow the masks. Call this before the previews are set up, so that `masksBusy` is set first. */
export function startMaskUpload() {
  store.on(["masks", "protect", "content"], changed);
  connection.watch((online) => {
    if (online && state.masksBusy) upload();
  });
  changed();
}
