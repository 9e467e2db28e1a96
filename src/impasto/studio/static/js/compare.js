// Two results side by side, or one over the other with a divider; zoom and pan are linked.
import { complain } from "./a11y.js";
import { api } from "./api.js";
import { startDivider } from "./divider.js";
import { byId, el, icon, show } from "./dom.js";
import { decimal, percent } from "./format.js";
import { reuse } from "./gallery_actions.js";
import { facts } from "./gallery_card.js";
import { emptyView, fit, pan, resized, visibleSpan, zoomAt } from "./geometry.js";
import { startGestures } from "./gestures.js";
import { shownUrl } from "./pictures.js";

const MARGIN = [12, 12, 12, 12];
const STEP = 60; // pixels that an arrow key pans

let view = emptyView();
let mode = "side";
let share = 0.5;
let panes = []; // {node, stage, frame, caption}
const split = byId("compare-split");

function apply() {
  const [width, height] = view.picture.map((side) => side * view.scale);
  for (const { frame } of panes) {
    Object.assign(frame.style, {
      width: `${width}px`,
      height: `${height}px`,
      transform: `translate(${view.x}px, ${view.y}px)`,
    });
    frame.classList.toggle("pixels", !view.fitted && view.scale * devicePixelRatio >= 2);
  }
  byId("compare-zoom").textContent = percent(view.scale * devicePixelRatio);
  placeSplit();
}

/** With the divider both panes lie on each other, and the right one begins at the divider. */
function placeSplit() {
  const slider = mode === "slider";
  show(split, slider);
  const [left, right] = visibleSpan(view);
  const x = left + (right - left) * share;
  const [top, bottom] = visibleSpan(view, 1);
  panes[1].frame.style.clipPath = slider ? `inset(0 0 0 ${x - view.x}px)` : "";
  Object.assign(split.style, {
    transform: `translate(${x}px, ${top}px)`,
    height: `${bottom - top}px`,
  });
  split.setAttribute("aria-valuenow", String(Math.round(share * 100)));
}

function setView(next) {
  view = next;
  apply();
}

function layout() {
  const { clientWidth, clientHeight } = panes[0].stage;
  if (clientWidth) setView(resized(view, [clientWidth, clientHeight], view.picture, MARGIN));
}

function setMode(next) {
  mode = next;
  byId("compare-panes").dataset.mode = mode;
  byId("compare-side").setAttribute("aria-pressed", String(mode === "side"));
  byId("compare-slider").setAttribute("aria-pressed", String(mode === "slider"));
  layout();
}

const middle = () => [view.stage[0] / 2, view.stage[1] / 2];
const actual = (x, y) => setView(zoomAt(view, x, y, 1 / devicePixelRatio / view.scale));
const zoom = (factor) => setView(zoomAt(view, ...middle(), factor));

const KEYS = {
  "+": () => zoom(1.25),
  "=": () => zoom(1.25),
  "-": () => zoom(0.8),
  0: () => setView(fit(view)),
  1: () => actual(...middle()),
  ArrowLeft: () => setView(pan(view, STEP, 0)),
  ArrowRight: () => setView(pan(view, -STEP, 0)),
  ArrowUp: () => setView(pan(view, 0, STEP)),
  ArrowDown: () => setView(pan(view, 0, -STEP)),
};

function pane(index) {
  const frame = el("div", { class: "compare-frame" }, el("img", { alt: "", draggable: false }));
  const stage = el("div", { class: "compare-stage", role: "group", tabindex: "0" }, frame);
  const caption = el("figcaption", {});
  startGestures(stage, {
    zoom: (x, y, factor) => setView(zoomAt(view, x, y, factor)),
    pan: (dx, dy) => setView(pan(view, dx, dy)),
    doubleTap: (x, y) => (view.fitted ? actual(x, y) : setView(fit(view))),
    tool: () => null,
  });
  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  const node = el("figure", { class: "compare-pane", data: { index } }, stage, caption);
  return { node, stage, frame, caption };
}

/** What differs between the settings of two jobs, in words. */
export function differences(a, b) {
  const text = (value) =>
    typeof value === "number"
      ? decimal(value)
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
  const names = Object.keys({ ...a.recipe, ...b.recipe });
  const differ = (name) => JSON.stringify(a.recipe[name]) !== JSON.stringify(b.recipe[name]);
  const words = names
    .filter(differ)
    .map(
      (name) => `${name.replaceAll("_", " ")} ${text(a.recipe[name])} and ${text(b.recipe[name])}`,
    );
  if (a.content !== b.content) words.unshift("photographs");
  if (`${a.styles}|${a.trained}` !== `${b.styles}|${b.trained}`) words.unshift("styles");
  if (a.one_pass !== b.one_pass) words.unshift("one pass and painted");
  return words;
}

function fill({ stage, frame, caption }, job) {
  frame.firstElementChild.src = shownUrl(job);
  frame.firstElementChild.alt = job.name;
  stage.setAttribute("aria-label", `${job.name}, zoom and pan`);
  caption.replaceChildren(
    el("span", { class: "compare-name", text: job.name }),
    el("span", { class: "fine", text: facts(job) }),
    el(
      "button",
      { type: "button", class: "button small", onclick: () => reuse(job) },
      icon("again"),
      el("span", { text: "Use this look" }),
    ),
  );
}

function build() {
  panes = [pane(0), pane(1)];
  byId("compare-panes").prepend(...panes.map(({ node }) => node));
  startDivider(split, {
    share: () => share,
    move(value) {
      share = value;
      placeSplit();
    },
    span() {
      const box = panes[0].stage.getBoundingClientRect();
      return visibleSpan(view).map((x) => x + box.left);
    },
  });
  byId("compare-side").addEventListener("click", () => setMode("side"));
  byId("compare-slider").addEventListener("click", () => setMode("slider"));
  byId("compare-in").addEventListener("click", () => zoom(1.25));
  byId("compare-out").addEventListener("click", () => zoom(0.8));
  byId("compare-fit").addEventListener("click", () => setView(fit(view)));
  byId("compare-zoom").addEventListener("click", () => actual(...middle()));
  new ResizeObserver(layout).observe(panes[0].stage);
}

/** Show two jobs. */
export async function openCompare(ids) {
  if (!panes.length) build();
  try {
    const jobs = await Promise.all(ids.slice(0, 2).map((id) => api.job(id)));
    const words = differences(...jobs);
    byId("compare-words").textContent = words.length
      ? `Different: ${words.join("; ")}.`
      : "Both have the same settings.";
    for (const [index, job] of jobs.entries()) fill(panes[index], job);
    const image = panes[0].frame.firstElementChild;
    await image.decode();
    view = { ...emptyView(), picture: [image.naturalWidth, image.naturalHeight] };
    share = 0.5;
    setMode(mode);
    byId("h-compare").focus();
  } catch (error) {
    complain(error);
    location.replace("#/gallery");
  }
}
