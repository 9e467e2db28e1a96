// Previews by the one-pass network: at most one request in flight, then the newest one; a sharper picture once
// nothing changes any more. The size adapts to the speed of the machine.
import { announce } from "./a11y.js";
import { ApiError, api } from "./api.js";
import { hasStyle, onePassRequest } from "./draft.js";
import { isActive, PREVIEW_KEYS, store } from "./state.js";

const SIZES = [256, 320, 384, 512, 640, 768, 1024];
const WHILE_MOVING = 0.35; // target seconds per preview while a slider moves
const AT_REST = 0.8; // and when nothing has changed for REST_MS
const REST_MS = 300;
const RETRY_MS = 700; // until a request is sent again that the server had to put off

const { state } = store;
let pending = null; // the newest request that has not been sent
let inFlight = null; // {key, rest, controller} of the request in flight
let restTimer = 0;
let retryTimer = 0;
let pixelsPerSecond = (384 * 384) / 0.5; // a guess until the first response
let responseCount = 0;
let shownKey = ""; // the request whose picture is on the stage

function sizeFor(seconds) {
  const fits = SIZES.filter((size) => size * size <= pixelsPerSecond * seconds);
  return fits.length ? fits[fits.length - 1] : SIZES[0];
}

/** Whether the stage shows the preview: of the draft, or of a job that has nothing to show yet. */
function isWanted() {
  const { job } = state;
  return !job || (isActive(job) && !job.step && !job.preview && !state.fast);
}

function currentRequest() {
  const isPossible = state.content && hasStyle() && state.info?.fast;
  return isPossible && isWanted() ? onePassRequest() : null;
}

async function send(request, rest) {
  const controller = new AbortController();
  inFlight = { key: JSON.stringify(request), rest, controller };
  const size = sizeFor(rest ? AT_REST : WHILE_MOVING);
  const began = performance.now();
  document.getElementById("working").hidden = false;
  try {
    const blob = await api.fast({ ...request, size }, controller.signal);
    const seconds = (performance.now() - began) / 1000;
    responseCount += 1; // the first one includes loading the network, so it is not measured
    if (responseCount > 1)
      pixelsPerSecond = 0.5 * pixelsPerSecond + (0.5 * (size * size)) / Math.max(seconds, 0.02);
    showPreview(blob, seconds, request, size);
  } catch (error) {
    showError(error, request);
  } finally {
    inFlight = null;
    document.getElementById("working").hidden = pending === null;
    sendPending();
  }
}

function showPreview(blob, seconds, request, size) {
  if (!currentRequest()) return; // the stage shows something else by now
  if (state.fast) setTimeout(URL.revokeObjectURL, 4000, state.fast.url); // the old picture may still fade out
  shownKey = JSON.stringify(request);
  const url = URL.createObjectURL(blob);
  store.set({ fast: { url, seconds, size, content: request.content }, trouble: "" });
  clearTimeout(restTimer);
  if (sizeFor(AT_REST) > size) restTimer = setTimeout(sharpen, REST_MS, shownKey);
  else announce("The preview is up to date.");
}

/** Show why there is no preview, or ask again if another request was in the way. */
function showError(error, request) {
  if (error.name === "AbortError" || error.status === 0) return; // once the server is back, the page asks again
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 409 || error.status === 429)
    retryTimer = setTimeout(retry, RETRY_MS, JSON.stringify(request));
  if (error.status !== 409) store.set({ trouble: error.message });
}

/** Ask again for what is still wanted, unless something newer is under way. */
function retry(key) {
  if (!inFlight && !pending && key !== shownKey && JSON.stringify(currentRequest()) === key)
    changed();
}

/** Give up the request in flight; the same one may be asked again before the browser has closed it. */
function abort() {
  if (!inFlight) return;
  inFlight.key = "";
  inFlight.controller.abort();
}

function sharpen(key) {
  const request = currentRequest();
  if (inFlight || pending || !request || JSON.stringify(request) !== key || key !== shownKey)
    return;
  send(request, true);
}

function sendPending() {
  if (!pending) return;
  if (inFlight) {
    // A sharp preview takes long and is already outdated; a quick one is nearly ready and worth showing.
    if (inFlight.rest) abort();
    return;
  }
  const request = pending;
  pending = null;
  send(request, false);
}

function changed() {
  if (state.masksBusy) return; // called again once the masks are uploaded
  const request = currentRequest();
  clearTimeout(restTimer);
  clearTimeout(retryTimer);
  // Compared with what the stage will show: going back to the shown preview while another is on its way asks again.
  pending = request && JSON.stringify(request) !== (inFlight?.key ?? shownKey) ? request : null;
  if (!request) {
    shownKey = "";
    abort();
    if (state.fast && !state.job) store.set({ fast: null });
  }
  sendPending();
}

/** Request the preview again although nothing changed, for example after the server was away. */
export function refreshPreview() {
  shownKey = "";
  changed();
}

/** Follow the draft. A finished painting gives way to the preview as soon as anything changes. */
export function startPreview(leaveJob) {
  store.on([...PREVIEW_KEYS, "preset", "size", "quality", "seed", "extra"], (_, keys) => {
    if (state.job && !isActive(state.job) && !keys.has("job")) leaveJob();
  });
  store.on([...PREVIEW_KEYS, "info", "maskIds"], changed);
  store.on(["job"], (_, keys) => {
    if (state.job && !isWanted()) abort();
    else if (!keys.has("styles")) refreshPreview();
  });
}
