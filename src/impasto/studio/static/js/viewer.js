// The viewer: the picture, the photo over it for comparison, zoom and pan.
import { announce } from "./a11y.js";
import { startDivider } from "./divider.js";
import { byId, show } from "./dom.js";
import { percent } from "./format.js";
import { emptyView, fit, pan, resized, toPicture, visibleSpan, zoomAt } from "./geometry.js";
import { startGestures } from "./gestures.js";

const viewport = byId("viewport");
const frame = byId("frame");
const split = byId("split");
const before = byId("before");
let [front, back] = [byId("after-a"), byId("after-b")];
let view = emptyView();
let share = 0.5; // fraction of the visible picture that shows the photo while comparing
let comparing = false;
let tool = null;
let latestRequest = 0;
let decodingStep = null; // settles when the step that is being decoded is ready

function margins() {
  const narrow = viewport.clientWidth < 700;
  // The brush toolbar has two rows on a phone, and one row at the top elsewhere.
  if (narrow) return [38, 10, tool ? 104 : 60, 10];
  return [tool ? 72 : 44, 32, 72, 32];
}

function apply() {
  const [width, height] = view.picture.map((side) => side * view.scale);
  Object.assign(frame.style, {
    width: `${width}px`,
    height: `${height}px`,
    transform: `translate(${view.x}px, ${view.y}px)`,
  });
  // From two screen pixels per picture pixel on, show sharp pixels instead of a blur.
  frame.classList.toggle("pixels", !view.fitted && view.scale * devicePixelRatio >= 2);
  viewport.classList.toggle("zoomed", !view.fitted);
  byId("zoom-value").textContent = percent(view.scale * devicePixelRatio);
  placeSplit();
}

function placeSplit() {
  show(split, comparing);
  show(before, comparing);
  if (!comparing) return;
  const [left, right] = visibleSpan(view);
  const x = left + (right - left) * share;
  const [top, bottom] = visibleSpan(view, 1);
  Object.assign(split.style, {
    transform: `translate(${x}px, ${top}px)`,
    height: `${bottom - top}px`,
  });
  const inside = x - view.x;
  before.style.clipPath = `inset(0 calc(100% - ${inside}px) 0 0)`;
  split.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  split.setAttribute("aria-valuetext", `${percent(share)} photo, ${percent(1 - share)} painting`);
}

function setShare(value) {
  share = value;
  placeSplit();
}

function setView(next) {
  view = next;
  apply();
}

function middle() {
  return [view.stage[0] / 2, view.stage[1] / 2];
}

function actualPixels(x, y) {
  setView(zoomAt(view, x, y, 1 / devicePixelRatio / view.scale));
}

export const viewer = {
  /** Set the size that the picture has or will have; null empties the stage. */
  setSize(size) {
    show(frame, Boolean(size));
    show(byId("tools"), Boolean(size));
    if (!size) {
      viewer.compare(false);
      view = emptyView();
      for (const image of [front, back]) image.removeAttribute("src");
      return;
    }
    byId("stage").style.setProperty("--aspect", String(size[0] / size[1]));
    const sameSize = view.picture[0] === size[0] && view.picture[1] === size[1];
    const ratio = view.picture[0] / view.picture[1] / (size[0] / size[1]);
    if (Math.abs(ratio - 1) > 0.02) view = { ...emptyView(), picture: size };
    if (!sameSize || view.stage[0] === 1)
      setView(resized(view, [viewport.clientWidth, viewport.clientHeight], size, margins()));
  },
  /**
   * Fade to another picture once it is decoded; a later call replaces earlier ones. Steps of a painting wait for the
   * one before: on a slow machine, each would otherwise be replaced before it is decoded.
   * Resolves to whether this picture is shown.
   */
  async show(url, alt, isStep = false) {
    const request = ++latestRequest;
    while (isStep && decodingStep) await decodingStep;
    if (request !== latestRequest) return false;
    if (front.getAttribute("src") === url) return true;
    const image = back;
    const isCurrent = () => image === back && image.getAttribute("src") === url;
    image.src = url;
    const decoded = image.decode().then(
      () => true,
      // Replaced, or no longer available: keep the current picture. A loaded one is drawn even so.
      () => isCurrent() && image.complete && image.naturalWidth > 0,
    );
    decodingStep = isStep ? decoded : null;
    const isDecoded = await decoded;
    if (decodingStep === decoded) decodingStep = null;
    const isWanted = isStep || request === latestRequest;
    if (!isDecoded || !isWanted || !isCurrent() || frame.hidden) return false;
    image.alt = alt;
    front.alt = "";
    front.classList.remove("shown");
    image.classList.add("shown");
    [front, back] = [back, front];
    return true;
  },
  /** Set the photo for comparison. */
  setBefore(url) {
    if (before.getAttribute("src") !== url) before.src = url;
  },
  compare(on = !comparing) {
    comparing = on;
    byId("compare").setAttribute("aria-pressed", String(on));
    if (on) announce("Comparing with the photo. Arrow keys move the divider.");
    placeSplit();
  },
  fit: () => setView(fit(view)),
  actual: () => actualPixels(...middle()),
  zoom: (factor) => setView(zoomAt(view, ...middle(), factor)),
  pan: (dx, dy) => setView(pan(view, dx, dy)),
  toPicture: (x, y) => toPicture(view, x, y),
  get view() {
    return view;
  },
  /** Set the tool that the pointer uses instead of panning, or null; see gestures.js. */
  setTool(next) {
    tool = next;
    viewport.classList.toggle("drawing", Boolean(next));
  },
  /** Adapt to the current size of the viewport. */
  relayout() {
    if (viewport.clientWidth && !frame.hidden)
      setView(
        resized(view, [viewport.clientWidth, viewport.clientHeight], view.picture, margins()),
      );
  },
};

function startSplit() {
  startDivider(split, {
    share: () => share,
    move: setShare,
    span() {
      const { left } = viewport.getBoundingClientRect();
      return visibleSpan(view).map((x) => x + left);
    },
  });
}

function startKeys() {
  const step = 60;
  const keys = {
    "+": () => viewer.zoom(1.25),
    "=": () => viewer.zoom(1.25),
    "-": () => viewer.zoom(0.8),
    0: viewer.fit,
    1: viewer.actual,
    ArrowLeft: () => viewer.pan(step, 0),
    ArrowRight: () => viewer.pan(-step, 0),
    ArrowUp: () => viewer.pan(0, step),
    ArrowDown: () => viewer.pan(0, -step),
    c: () => byId("compare").click(),
    b: () => byId("brush").click(),
  };
  viewport.addEventListener("keydown", (event) => {
    if (event.target !== viewport || event.ctrlKey || event.metaKey || event.altKey || frame.hidden)
      return;
    const key = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!key || event.defaultPrevented) return;
    event.preventDefault();
    key();
  });
}

/** Set up the viewer. */
export function startViewer() {
  startSplit();
  startKeys();
  startGestures(viewport, {
    zoom: (x, y, factor) => setView(zoomAt(view, x, y, factor)),
    pan: (dx, dy) => setView(pan(view, dx, dy)),
    doubleTap: (x, y) => (view.fitted ? actualPixels(x, y) : setView(fit(view))),
    tool: () => tool,
  });
  byId("compare").addEventListener("click", () => viewer.compare());
  byId("zoom-in").addEventListener("click", () => viewer.zoom(1.25));
  byId("zoom-out").addEventListener("click", () => viewer.zoom(0.8));
  byId("zoom-fit").addEventListener("click", viewer.fit);
  byId("zoom-value").addEventListener("click", viewer.actual);
  new ResizeObserver(viewer.relayout).observe(viewport);
}
