// The output controls: size, quality and seed.
import { byId, el, iconButton, show } from "./dom.js";
import { segments, slider } from "./sliders.js";
import { MAX_ONE_PASS_SIDE, store } from "./state.js";

const { state } = store;
const SIDES = [256, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192];

/** Return width and height of a painting of `content` with a longer side of `side`. */
export function outputSize(content, side) {
  const scale = side / Math.max(content.width, content.height);
  return [content.width, content.height].map((length) => Math.max(1, Math.round(length * scale)));
}

function allowedSides() {
  const most = state.info?.limits?.pixels ?? Infinity;
  const fits = (side) => {
    const [w, h] = state.content ? outputSize(state.content, side) : [side, side];
    return w * h <= most && (!state.trained || side <= MAX_ONE_PASS_SIDE);
  };
  const sides = SIDES.filter((side) => side <= 512 || fits(side));
  // A replayed recipe may have another size; it stays until the slider moves.
  return sides.includes(state.size) ? sides : [...sides, state.size].sort((a, b) => a - b);
}

function sizeSlider(sides) {
  return slider({
    label: "Size",
    min: 0,
    max: sides.length - 1,
    step: 1,
    value: sides.indexOf(state.size),
    defaultValue: sides.indexOf(512),
    format: (i) =>
      state.content ? `${outputSize(state.content, sides[i]).join(" × ")}` : `${sides[i]} pixels`,
    ends: ["sketch", "print"],
    oninput: (i) => store.set({ size: sides[i] }),
  });
}

function seedField() {
  const input = el("input", {
    type: "number",
    id: "seed",
    min: "0",
    step: "1",
    value: String(state.seed),
    class: "number",
  });
  input.addEventListener("change", () => {
    const seed = Math.max(0, Math.floor(Number(input.value)) || 0);
    input.value = String(seed);
    store.set({ seed });
  });
  const dice = iconButton("dice", "Random seed", () =>
    store.set({ seed: Math.floor(Math.random() * 1e6) }),
  );
  store.on(["seed"], () => {
    input.value = String(state.seed);
  });
  return el(
    "div",
    { class: "seed" },
    el("label", { for: "seed", text: "Seed" }),
    el("div", { class: "seed-row" }, input, dice),
  );
}

/** Build the controls and keep them in sync with the draft. */
export function startFinish() {
  const quality = segments({
    label: "Quality",
    choices: [
      ["draft", "Draft"],
      ["normal", "Normal"],
      ["high", "High"],
    ],
    value: state.quality,
    onchange: (value) => store.set({ quality: value }),
  });
  const holder = el("div");
  let marks = "";
  let control = null;
  const size = () => {
    // The slider is rebuilt only if its values or texts change: someone may be dragging it.
    const sides = allowedSides();
    const key = `${sides.join()} ${state.content?.id}`;
    if (key !== marks) {
      control = sizeSlider(sides);
      holder.replaceChildren(control.node);
    }
    marks = key;
    control.set(sides.indexOf(state.size));
  };
  const two = el("div", { class: "two" }, quality.node, seedField());
  byId("finish").replaceChildren(holder, two);
  const steps = () => {
    // An instant style has no steps, no quality and no seed.
    for (const node of [two, byId("advanced")]) show(node, !state.trained);
  };
  store.on(["trained"], steps);
  steps();
  store.on(["quality"], () => quality.set(state.quality));
  store.on(["size", "content", "trained", "info"], size);
  size();
}
