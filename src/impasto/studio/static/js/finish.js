// The picture to be painted: its size, its quality, its seed.
import { byId, el, iconButton, show } from "./dom.js";
import { segments, slider } from "./sliders.js";
import { MOST_ONE_PASS, store } from "./state.js";

const { state } = store;
const SIDES = [256, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 3072, 4096, 6144, 8192];

/** Width and height of a painting of `content` whose longer side is `side`. */
export function outputSize(content, side) {
  const scale = side / Math.max(content.width, content.height);
  return [content.width, content.height].map((length) => Math.max(1, Math.round(length * scale)));
}

function allowedSides() {
  const most = state.info?.limits?.pixels ?? Infinity;
  const fits = (side) => {
    const [w, h] = state.content ? outputSize(state.content, side) : [side, side];
    return w * h <= most && (!state.trained || side <= MOST_ONE_PASS);
  };
  const sides = SIDES.filter((side) => side <= 512 || fits(side));
  // A replayed recipe may have a size between the marks; it keeps it until the slider is moved.
  return sides.includes(state.size) ? sides : [...sides, state.size].sort((a, b) => a - b);
}

function sizeSlider(sides) {
  return slider({
    label: "Size",
    min: 0,
    max: sides.length - 1,
    step: 1,
    value: sides.indexOf(state.size),
    usual: sides.indexOf(512),
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
  const dice = iconButton("dice", "Another seed", () =>
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

/** Build the controls and keep them in step with the draft. */
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
  let made = null;
  const size = () => {
    // The slider is made anew only where its marks or words change: it may be under the hand right now.
    const sides = allowedSides();
    const key = `${sides.join()} ${state.content?.id}`;
    if (key !== marks) {
      made = sizeSlider(sides);
      holder.replaceChildren(made.node);
    }
    marks = key;
    made.set(sides.indexOf(state.size));
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
