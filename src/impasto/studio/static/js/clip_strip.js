// The strip of a clip below the stage: what it is, and its begin, middle and end in the chosen style.
import { announce } from "./a11y.js";
import { api } from "./api.js";
import { frameTimes, isClip } from "./clip.js";
import { byId, debounce, el, show } from "./dom.js";
import { hasStyle, onePassRequest } from "./draft.js";
import { bytes, clock, decimal, percent, size } from "./format.js";
import { isActive, PREVIEW_KEYS, store } from "./state.js";

const SIDE = 288; // pixels of a frame's longer side
const REST_MS = 350;
const NAMES = ["Begin", "Middle", "End"];

const { state } = store;
const painted = new Map(); // request -> address of the painted frame, the newest last
const MAX_PAINTED = 24;
let controller = null;

const facts = el("p", { class: "clip-facts fine" });
const title = el("h2", { class: "clip-title" });
const list = el("ul", { class: "clip-frames", "aria-label": "Frames of the clip" });
const bar = el(
  "div",
  {
    class: "progress",
    role: "progressbar",
    "aria-label": "Upload",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  },
  el("span"),
);
const cancel = el("button", {
  type: "button",
  class: "button small",
  text: "Cancel",
  onclick: () => state.clipUpload?.cancel(),
});
const tiles = NAMES.map((name, index) => {
  const image = el("img", { alt: "", draggable: false });
  const label = el("span", { class: "clip-label" });
  const button = el(
    "button",
    { type: "button", class: "clip-tile", onclick: () => choose(index) },
    image,
    label,
  );
  list.append(el("li", {}, button));
  return { name, image, label, button };
});

function choose(index) {
  const at = frameTimes()[index];
  store.set({ at });
  announce(`${NAMES[index]} of the clip, at ${clock(at)}.`);
}

function renderUpload() {
  const upload = state.clipUpload;
  show(bar, Boolean(upload));
  show(cancel, Boolean(upload));
  if (!upload) return;
  const checking = upload.share >= 1;
  title.textContent = checking ? `Checking ${upload.name}` : `Uploading ${upload.name}`;
  facts.textContent = checking ? "Its frames are counted and tried." : percent(upload.share);
  bar.setAttribute("aria-valuenow", String(Math.round(upload.share * 100)));
  bar.firstChild.style.transform = `scaleX(${upload.share})`;
}

/** The facts of a clip in words. */
function factsOf(content) {
  const { seconds, fps, frames, sound, notes } = content.clip;
  return [
    clock(seconds),
    size([content.width, content.height]),
    `${decimal(fps)} frames a second`,
    `${frames} frames`,
    sound ? "with sound" : "no sound",
    content.clip.bytes ? bytes(content.clip.bytes) : "",
    ...(notes ?? []),
  ]
    .filter(Boolean)
    .join(" · ");
}

function render() {
  const visible = Boolean(state.clipUpload) || isClip();
  show(byId("clip"), visible);
  renderUpload();
  show(list, isClip() && !state.clipUpload);
  if (!isClip() || state.clipUpload) return;
  title.textContent = state.content.name;
  facts.textContent = factsOf(state.content);
  frameTimes().forEach((at, index) => {
    const { name, label, button, image } = tiles[index];
    label.textContent = `${name} ${clock(at)}`;
    const isChosen = Math.abs(at - state.at) < 1e-3;
    button.setAttribute("aria-pressed", String(isChosen));
    button.setAttribute("aria-label", `${name} of the clip, at ${clock(at)}`);
    const poster = api.frameUrl(state.content.id, at, SIDE);
    // A painted frame stays until the next one, unless it shows another frame.
    if (image.dataset.poster !== poster) {
      image.dataset.poster = poster;
      image.src = poster;
    }
  });
}

function remember(key, blob) {
  painted.set(key, URL.createObjectURL(blob));
  if (painted.size <= MAX_PAINTED) return;
  const [oldest, url] = painted.entries().next().value;
  painted.delete(oldest);
  URL.revokeObjectURL(url);
}

async function paintFrames() {
  controller?.abort();
  if (!isClip() || !hasStyle() || !state.info?.fast || state.masksBusy || isActive(state.job)) {
    if (isClip() && !hasStyle()) for (const { image } of tiles) delete image.dataset.poster;
    render();
    return;
  }
  controller = new AbortController();
  const { signal } = controller;
  for (const [index, at] of frameTimes().entries()) {
    const request = { ...onePassRequest(), at, size: SIDE };
    const key = JSON.stringify(request);
    try {
      if (!painted.has(key)) remember(key, await api.fast(request, signal, "clip"));
    } catch {
      return; // superseded, or the stage says what is wrong
    }
    if (signal.aborted) return;
    tiles[index].image.src = painted.get(key);
  }
}

/** Build the strip and keep it in sync with the draft. */
export function startClipStrip() {
  byId("clip").replaceChildren(
    el("div", { class: "clip-head" }, title, facts, el("span", { class: "spring" }), cancel),
    bar,
    list,
  );
  const paintSoon = debounce(paintFrames, REST_MS);
  store.on(["content", "clip", "at", "clipUpload"], render);
  store.on([...PREVIEW_KEYS, "clip", "info", "maskIds", "job"], paintSoon);
  store.on(["content", "clip"], () => {
    // The chosen frame stays inside the part that is painted.
    if (!isClip()) return;
    const [first, , last] = frameTimes();
    if (state.at < first || state.at > last) store.set({ at: first });
  });
  render();
  paintSoon();
}
