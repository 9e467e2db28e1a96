// The mixer of several styles: a cross-fader for two, a triangle for three, weights for three and more.
import { api } from "./api.js";
import { byId, el, show, svg } from "./dom.js";
import { percent } from "./format.js";
import { slider } from "./sliders.js";
import { store } from "./state.js";
import { barycentric, even, withWeight } from "./weights.js";

const { state } = store;
const CORNERS = [
  [50, 6],
  [4, 84],
  [96, 84],
];
let built = ""; // ids of the styles that the controls were built for
let controls = [];
let handle = null;

function thumb(style, i) {
  return el("img", {
    class: "mix-thumb",
    src: api.pictureUrl(style.id, 96),
    alt: "",
    title: `Style ${i + 1}: ${style.name}`,
  });
}

const setMix = (mix) => store.set({ mix });

function fader() {
  const [first, second] = state.styles;
  const control = slider({
    label: "Cross-fade",
    min: 0,
    max: 1,
    step: 0.02,
    value: state.mix[1],
    defaultValue: 0.5,
    format: (v) => `${percent(1 - v)} · ${percent(v)}`,
    oninput: (v) => setMix([1 - v, v]),
  });
  controls = [() => control.set(state.mix[1])];
  control.node.classList.add("fader");
  return [el("div", { class: "fader-row" }, thumb(first, 0), control.node, thumb(second, 1))];
}

function weights() {
  return state.styles.map((style, i) => {
    const control = slider({
      label: `Style ${i + 1}`,
      min: 0,
      max: 1,
      step: 0.01,
      value: state.mix[i],
      defaultValue: 1 / state.styles.length,
      format: percent,
      oninput: (v) => setMix(withWeight(state.mix, i, v)),
    });
    controls.push(() => {
      if (document.activeElement !== control.input || Number(control.input.value) !== state.mix[i])
        control.set(state.mix[i]);
    });
    return el("div", { class: "weight-row" }, thumb(style, i), control.node);
  });
}

function moveHandle() {
  const position = [0, 1].map((axis) =>
    state.mix.reduce((sum, w, i) => sum + w * CORNERS[i][axis], 0),
  );
  handle.setAttribute("cx", position[0]);
  handle.setAttribute("cy", position[1]);
}

function triangle() {
  handle = svg("circle", { r: 4.2, class: "triangle-handle" });
  const pictures = CORNERS.map(([x, y], i) =>
    svg("image", {
      href: api.pictureUrl(state.styles[i].id, 96),
      x: x - 9,
      y: y - 9,
      width: 18,
      height: 18,
      preserveAspectRatio: "xMidYMid slice",
      class: "triangle-thumb",
    }),
  );
  // For the pointer only; keyboards and screen readers use the weight sliders below.
  const area = svg(
    "svg",
    { viewBox: "-10 -6 120 102", class: "triangle", "aria-hidden": "true" },
    svg("polygon", { points: CORNERS.join(" "), class: "triangle-area" }),
    ...pictures,
    handle,
  );
  const moveTo = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(
      area.getScreenCTM().inverse(),
    );
    setMix(barycentric(point.x, point.y, CORNERS));
  };
  area.addEventListener("pointerdown", (event) => {
    area.setPointerCapture(event.pointerId);
    moveTo(event);
  });
  area.addEventListener("pointermove", (event) => {
    if (area.hasPointerCapture(event.pointerId)) moveTo(event);
  });
  area.addEventListener("dblclick", () => setMix(even(3)));
  controls.push(moveHandle);
  return area;
}

function build() {
  const key = state.styles.map((style) => style.id).join();
  show(byId("group-mix"), state.styles.length > 1);
  if (key !== built) {
    built = key;
    controls = [];
    const n = state.styles.length;
    const parts =
      n < 2
        ? []
        : n === 2
          ? fader()
          : n === 3
            ? [el("div", { class: "three" }, triangle(), el("div", {}, ...weights()))]
            : weights();
    byId("mixer").replaceChildren(...parts);
  }
  for (const update of controls) update();
}

/** Show the mixer that fits the number of styles. */
export function startMixer() {
  store.on(["styles", "mix"], build);
  build();
}
