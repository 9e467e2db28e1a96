// The one-pass network's picture while one thinks: at most one request under way, the newest wish next, a sharper
// picture once the hand rests. The size follows what this machine manages.

import { announce } from "./a11y.js";
import { ApiError, api } from "./api.js";
import { hasStyle, toOnePass } from "./draft.js";
import { isActive, PREVIEW_KEYS, store } from "./state.js";

const SIZES = [256, 320, 384, 512, 640, 768, 1024];
const WHILE_MOVING = 0.35; // seconds a picture may take while a slider moves
const AT_REST = 0.8; // and when the hand has been still for REST_MS
const REST_MS = 300;

const { state } = store;
let wanted = null; // the newest wish not yet asked for
let under = null; // {rest, controller} of the request under way
let restTimer = 0;
let pixelsPerSecond = (384 * 384) / 0.5; // a guess until the first answer
let answers = 0;
let shown = ""; // the wish whose picture is on the stage

function sizeFor(seconds) {
  const fits = SIZES.filter((size) => size * size <= pixelsPerSecond * seconds);
  return fits.length ? fits[fits.length - 1] : SIZES[0];
}

function wish() {
  return state.content && hasStyle() && !state.job && state.info?.fast ? toOnePass() : null;
}

async function ask(request, rest) {
  const controller = new AbortController();
  under = { rest, controller };
  const size = sizeFor(rest ? AT_REST : WHILE_MOVING);
  const began = performance.now();
  document.getElementById("working").hidden = false;
  try {
    const blob = await api.fast({ ...request, size }, controller.signal);
    const seconds = (performance.now() - began) / 1000;
    answers += 1; // the first one also loads the network, and says nothing about the next
    if (answers > 1)
      pixelsPerSecond = 0.5 * pixelsPerSecond + (0.5 * (size * size)) / Math.max(seconds, 0.02);
    accept(blob, seconds, request, size);
  } catch (error) {
    refuse(error);
  } finally {
    under = null;
    document.getElementById("working").hidden = wanted === null;
    pump();
  }
}

function accept(blob, seconds, request, size) {
  if (state.job || !wish()) return; // the stage belongs to something else by now
  if (state.fast) setTimeout(URL.revokeObjectURL, 4000, state.fast.url); // it may still be fading out
  shown = JSON.stringify(request);
  store.set({ fast: { url: URL.createObjectURL(blob), seconds, size }, trouble: "" });
  clearTimeout(restTimer);
  if (sizeFor(AT_REST) > size) restTimer = setTimeout(sharpen, REST_MS, shown);
  else announce("The preview is up to date.");
}

function refuse(error) {
  if (error.name === "AbortError" || error.status === 409 || error.status === 0) return;
  if (!(error instanceof ApiError)) throw error;
  store.set({ trouble: error.message });
}

function sharpen(key) {
  const request = wish();
  if (under || wanted || !request || JSON.stringify(request) !== key || key !== shown) return;
  ask(request, true);
}

function pump() {
  if (!wanted) return;
  if (under) {
    // A picture for rest takes long and is stale already; one for moving is nearly there and worth showing.
    if (under.rest) under.controller.abort();
    return;
  }
  const request = wanted;
  wanted = null;
  ask(request, false);
}

function changed() {
  if (state.masksBusy) return; // asked again as soon as the masks have arrived
  const request = wish();
  clearTimeout(restTimer);
  wanted = request && JSON.stringify(request) !== shown ? request : null;
  if (!request) {
    shown = "";
    under?.controller.abort();
    if (state.fast && !state.job) store.set({ fast: null });
  }
  pump();
}

/** Ask again even though nothing changed, as after the server was away. */
export function refreshFast() {
  shown = "";
  changed();
}

/** Watch the draft. A painting that is over gives way to the preview as soon as anything is changed. */
export function startFast(leaveJob) {
  store.on([...PREVIEW_KEYS, "preset", "size", "quality", "seed", "extra"], (_, keys) => {
    if (state.job && !isActive(state.job) && !keys.has("job")) leaveJob();
  });
  store.on([...PREVIEW_KEYS, "info", "maskIds"], changed);
  store.on(["job"], (_, keys) => {
    if (state.job) under?.controller.abort();
    else if (!keys.has("styles")) refreshFast();
  });
}
