// The output controls: size and quality.
import { byId, el, show } from "./dom.js";
import { printForm } from "./print_form.js";
import { allowedSides, currentPrint, outputSize } from "./sizes.js";
import { segments, slider } from "./sliders.js";
import { store } from "./state.js";

const { state } = store;
function sizeSlider(sides) {
  return slider({
    label: "Size",
    min: 0,
    max: sides.length - 1,
    step: 1,
    value: sides.indexOf(state.size),
    defaultValue: sides.indexOf(512),
    format: (i) =>
      state.content ? `${outputSize(state.content, sides[i]).join(" × ")} px` : `${sides[i]} px`,
    ends: ["sketch", "print"],
    help: "Pixels of the picture. Twice the size takes about four times as long.",
    oninput: (i) => store.set({ size: sides[i] }),
  });
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
    help: "How long it is painted. High takes about ten times as long as normal.",
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
    show(holder, !currentPrint());
    // A clip is painted at its own size at most.
    control.set(sides.includes(state.size) ? sides.indexOf(state.size) : sides.length - 1);
  };
  byId("finish").replaceChildren(holder, printForm().node, quality.node);
  const steps = () => {
    // An instant style has no steps, no quality and no seed; nor has a clip that is painted in one pass.
    const isOnePass = state.trained || (state.content?.clip && state.clip.method === "fast");
    for (const node of [quality.node, byId("more"), byId("advanced")]) show(node, !isOnePass);
  };
  store.on(["trained", "content", "clip"], steps);
  steps();
  store.on(["quality"], () => quality.set(state.quality));
  store.on(["size", "print", "content", "trained", "info"], size);
  size();
}
