// The mask brush: the active layer, the brush size, and the coloured overlay.
import { announce, roving } from "./a11y.js";
import { brushKeys } from "./brush_keys.js";
import { byId, el, show } from "./dom.js";
import { redo, undo } from "./history.js";
import { areasOf } from "./mask_areas.js";
import { canvasOf, drawStroke, loadBases, maskSize, withStroke } from "./masks.js";
import { emptyLayer, store } from "./state.js";
import { viewer } from "./viewer.js";

const { state } = store;
// Overlay colours, one per style and the last for protect. The buttons also have numbers.
const COLOURS = ["#e4572e", "#2f8fd0", "#f2b134", "#a05cc8", "#43b36a"];
const marks = byId("marks");
const ring = byId("brush-ring");
let active = 0; // index of a style, or "protect"; the style's layer may not exist yet
let erasing = false;
let stroke = null; // the current stroke

const size = () => Number(byId("brush-size").value) / 100;
const layerOf = (layerKey) =>
  (layerKey === "protect" ? state.protect : state.masks[layerKey]) ?? emptyLayer();
const colourOf = (layerKey) => (layerKey === "protect" ? COLOURS[4] : COLOURS[layerKey]);
const layers = () => [...state.masks.keys(), "protect"];

function setLayer(layerKey, layer) {
  if (layerKey === "protect") store.set({ protect: layer });
  else store.set({ masks: state.masks.map((old, i) => (i === layerKey ? layer : old)) });
}

function paintMarks() {
  if (!state.brushing || !state.content) return;
  const area = maskSize(state.content);
  if (marks.width !== area[0] || marks.height !== area[1]) [marks.width, marks.height] = area;
  const context = marks.getContext("2d");
  context.clearRect(0, 0, ...area);
  const areas = areasOf(state.masks, area);
  for (const layerKey of layers()) {
    const tint = document.createElement("canvas");
    [tint.width, tint.height] = area;
    const paint = tint.getContext("2d");
    paint.drawImage(areas[layerKey] ?? canvasOf(state.protect, area), 0, 0);
    if (stroke && layerKey === active) drawStroke(paint, stroke);
    else if (stroke && !stroke.erase && areas[layerKey] && areas[active])
      drawStroke(paint, { ...stroke, erase: true }); // the last stroke wins
    paint.globalCompositeOperation = "source-in";
    paint.fillStyle = colourOf(layerKey);
    paint.fillRect(0, 0, ...area);
    context.globalAlpha = layerKey === active ? 0.6 : 0.3;
    context.drawImage(tint, 0, 0);
  }
}

let framed = 0;
function paintSoon() {
  cancelAnimationFrame(framed);
  framed = requestAnimationFrame(paintMarks);
}

function moveRing(x, y) {
  const { view } = viewer;
  const across = size() * Math.max(...view.picture) * view.scale;
  Object.assign(ring.style, {
    width: `${across}px`,
    height: `${across}px`,
    transform: `translate(${x - across / 2}px, ${y - across / 2}px)`,
  });
  show(ring, true);
}

const round = (value) => Math.round(value * 1e4) / 1e4;

const tool = {
  down(x, y) {
    moveRing(x, y);
    stroke = { size: size(), erase: erasing, points: viewer.toPicture(x, y).map(round) };
    paintSoon();
  },
  move(x, y) {
    moveRing(x, y);
    const point = viewer.toPicture(x, y).map(round);
    const [px, py] = stroke.points.slice(-2);
    // Points closer than a twentieth of the brush size make no visible difference.
    if (Math.hypot(point[0] - px, point[1] - py) < stroke.size / 20) return;
    stroke.points.push(...point);
    paintSoon();
  },
  up() {
    setLayer(active, withStroke(layerOf(active), { ...stroke, time: Date.now() }));
    stroke = null;
  },
  cancel() {
    stroke = null;
    paintSoon();
  },
  hover: moveRing,
  leave: () => show(ring, false),
  get drawing() {
    return Boolean(stroke);
  },
};

function choose(layerKey) {
  active = layerKey;
  render();
}

function erase(on = !erasing) {
  erasing = on;
  byId("brush-erase").setAttribute("aria-pressed", String(on));
}

function showSize() {
  const input = byId("brush-size");
  input.style.setProperty("--share", String((input.value - input.min) / (input.max - input.min)));
}

function resize(by) {
  const input = byId("brush-size");
  input.value = String(Number(input.value) + by);
  showSize();
  announce(`Brush size ${input.value}`);
}

function layerButton(layerKey, index) {
  const name = layerKey === "protect" ? "Protect" : `Style ${index + 1}`;
  const button = el(
    "button",
    {
      type: "button",
      role: "radio",
      class: "layer-button",
      "aria-checked": String(layerKey === active),
      tabindex: layerKey === active ? "0" : "-1",
      onclick: () => choose(layerKey),
    },
    el("span", { class: "swatch" }),
    el("span", { class: "layer-name", text: name }),
    el("span", {
      class: "layer-short",
      "aria-hidden": "true",
      text: layerKey === "protect" ? name : String(index + 1),
    }),
  );
  button.querySelector(".swatch").style.background = colourOf(layerKey);
  return button;
}

function render() {
  if (!state.brushing) return;
  if (active !== "protect" && !state.masks[active]) active = state.masks.length ? 0 : "protect";
  const focused = byId("brush-layers").contains(document.activeElement);
  byId("brush-layers").replaceChildren(...layers().map(layerButton));
  if (focused) byId("brush-layers").querySelector("[aria-checked=true]").focus();
  byId("brush-undo").disabled = !state.steps.undo;
  byId("brush-redo").disabled = !state.steps.redo;
  byId("brush-clear").disabled = !layerOf(active).strokes.length && !layerOf(active).base;
  paintSoon();
}

async function toggled() {
  const on = state.brushing;
  byId("brush").setAttribute("aria-pressed", String(on));
  show(byId("brushbar"), on);
  show(marks, on);
  show(ring, false);
  byId("stage").classList.toggle("brushing", on);
  viewer.setTool(on ? tool : null);
  viewer.relayout();
  if (!on) return;
  announce("Brush on. Paint where the selected style goes, or what to protect.");
  render();
  await loadBases([...state.masks, state.protect]);
  paintSoon();
}

function shortcut(event) {
  if (!state.brushing || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    store.set({ brushing: false });
    byId("brush").focus();
  }
}

/** Set up the brush toolbar and its keys. */
export function startBrush() {
  byId("brush").addEventListener("click", () => store.set({ brushing: !state.brushing }));
  byId("brush-done").addEventListener("click", () => {
    store.set({ brushing: false });
    byId("brush").focus();
  });
  byId("brush-erase").addEventListener("click", () => erase());
  byId("brush-undo").addEventListener("click", undo);
  byId("brush-redo").addEventListener("click", redo);
  byId("brush-invert").addEventListener("click", () =>
    setLayer(active, withStroke(layerOf(active), { invert: true, time: Date.now() })),
  );
  byId("brush-clear").addEventListener("click", () => setLayer(active, emptyLayer()));
  byId("brush-size").addEventListener("input", showSize);
  showSize();
  roving(byId("brush-layers"), "[role=radio]");
  brushKeys(tool, { resize, erase, brushing: () => state.brushing });
  addEventListener("keydown", shortcut);
  store.on(["brushing"], toggled);
  store.on(["masks", "protect", "steps"], render);
}
