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
const waiting = new Set(); // {resolve, reject} of who waits for the masks
let round = 0;
let isFailed = false; // whether the last upload failed, so that none is under way

/** Let everyone who waits go on: `outcome` is "resolve" or "reject". */
function settle(outcome, error) {
  for (const promise of waiting) promise[outcome](error);
  waiting.clear();
}

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
  isFailed = false;
  try {
    const maskIds = await uploadAll(state);
    if (thisRound !== round) return; // the masks have changed; a newer round uploads them
    store.set({ maskIds, masksBusy: false });
    settle("resolve");
  } catch (error) {
    complain(error); // masksBusy stays set, so that no picture is painted with outdated masks
    if (thisRound !== round) return;
    isFailed = true;
    settle("reject", error);
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
    settle("resolve");
  }
}

/** Resolve once the server has the current masks; rejects if they cannot be uploaded. A failed upload is tried again. */
export function masksReady() {
  if (!state.masksBusy) return Promise.resolve();
  if (isFailed) upload();
  return new Promise((resolve, reject) => waiting.add({ resolve, reject }));
}

/** Follow the masks. Call this before the previews are set up, so that `masksBusy` is set first. */
export function startMaskUpload() {
  store.on(["masks", "protect", "content"], changed);
  connection.watch((online) => {
    if (online && state.masksBusy) upload();
  });
  changed();
}
