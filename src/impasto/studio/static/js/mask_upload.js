// Uploads the masks shortly after the last stroke.
import { complain } from "./a11y.js";
import { api } from "./api.js";
import { connection } from "./connection.js";
import { debounce } from "./dom.js";
import { canvasOf, isPainted, loadBases, maskSize, restOf, toPng } from "./masks.js";
import { store } from "./state.js";

const { state } = store;
const ids = new WeakMap(); // layer -> id of its picture on the server
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

async function uploadAll({ masks, protect, content }) {
  const size = maskSize(content);
  await loadBases([...masks, protect]);
  const result = { masks: null, protect: null };
  if (masks.some(isPainted)) {
    const rest = masks.every(isPainted)
      ? null
      : await api.upload(await toPng(restOf(masks, size)), "rest.png");
    result.masks = [];
    for (const [i, layer] of masks.entries()) {
      result.masks.push(isPainted(layer) ? await idOf(layer, size, `mask-${i + 1}.png`) : rest.id);
    }
  }
  if (isPainted(protect)) result.protect = await idOf(protect, size, "protect.png");
  return result;
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
