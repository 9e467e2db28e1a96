// The settings of a clip: calm and part are open, the way of painting is folded.
import { isClip } from "./clip.js";
import { byId, el, show } from "./dom.js";
import { decimal } from "./format.js";
import { segments, slider } from "./sliders.js";
import { CLIP, store } from "./state.js";

const { state } = store;

const put = (values) => store.set({ clip: { ...state.clip, ...values } });

const method = segments({
  label: "Method",
  choices: [
    ["fast", "Fast"],
    ["optimize", "Optimise"],
    ["keyframes", "Keyframes"],
  ],
  help: "Fast paints each frame in one pass. Optimise paints each in some steps, the finest and slowest. Keyframes optimises a few frames and moves them to the others.",
  value: state.clip.method,
  onchange: (value) => put({ method: value }),
});
const network = segments({
  label: "Network",
  choices: [
    ["any-live", "Quick"],
    ["any", "Fine"],
  ],
  help: "Fine paints finer marks and takes longer.",
  value: state.clip.network,
  onchange: (value) => put({ network: value }),
});
const format = segments({
  label: "File",
  choices: [
    ["mp4", "MP4"],
    ["webm", "WebM"],
  ],
  value: state.clip.format,
  onchange: (value) => put({ format: value }),
});
const roughness = slider({
  label: "Roughness",
  min: 0,
  max: 1,
  step: 0.05,
  value: state.clip.roughness,
  defaultValue: CLIP.roughness,
  ends: ["calm", "alive"],
  help: "0 keeps brush strokes still; 1 paints every frame anew.",
  format: decimal,
  oninput: (value) => put({ roughness: value }),
});
const keyframes = slider({
  label: "Frames between keyframes",
  min: 5,
  max: 120,
  step: 5,
  value: state.clip.keyframes ?? 30,
  defaultValue: 30,
  oninput: (value) => put({ keyframes: value }),
});
const loopBox = el("input", {
  type: "checkbox",
  id: "clip-loop",
  onchange: (event) => put({ loop: event.target.checked }),
});
const loop = el(
  "label",
  { class: "clip-check", for: "clip-loop" },
  loopBox,
  el("span", { text: "Lead from the last frame back to the first" }),
);

/** A number field for a second of the clip; empty is its begin or end. */
function secondField(label, name, empty) {
  const input = el("input", {
    type: "number",
    id: `clip-${name}`,
    min: "0",
    step: "0.1",
    placeholder: empty,
    onchange: () => {
      const value = input.value === "" ? CLIP[name] : Number(input.value);
      const { seconds } = state.content.clip;
      const part = { ...state.clip, [name]: value };
      const end = part.stop ?? seconds;
      const isPart =
        Number.isFinite(value ?? 0) && part.start >= 0 && part.start < Math.min(end, seconds);
      const range = `Give seconds from 0 to ${decimal(seconds)}, the first before the last.`;
      input.setCustomValidity(isPart ? "" : range);
      if (isPart) put({ [name]: value });
      else input.reportValidity();
    },
  });
  return { input, node: el("label", { class: "clip-second" }, el("span", { text: label }), input) };
}

const from = secondField("From second", "start", "0");
const to = secondField("To second", "stop", "end");

function render() {
  const { clip } = state;
  show(byId("clip-settings"), isClip());
  show(byId("clip-more"), isClip());
  method.set(clip.method);
  network.set(clip.network);
  format.set(clip.format);
  roughness.set(clip.roughness);
  keyframes.set(clip.keyframes ?? 30);
  loopBox.checked = clip.loop;
  from.input.value = clip.start ? String(clip.start) : "";
  to.input.value = clip.stop === null ? "" : String(clip.stop);
  // An instant style has its own network and one way of painting.
  show(method.node, !state.trained);
  show(network.node, !state.trained);
  show(keyframes.node, clip.method === "keyframes" && !state.trained);
  const changed = ["method", "network", "roughness", "loop", "format"].filter(
    (name) => clip[name] !== CLIP[name],
  ).length;
  byId("clip-changed").textContent = changed ? `${changed} changed` : "";
}

/** Build the controls and keep them in sync with the draft. */
export function startClipForm() {
  byId("clip-part").replaceChildren(from.node, to.node);
  byId("clip-form").replaceChildren(
    roughness.node,
    method.node,
    keyframes.node,
    network.node,
    loop,
    format.node,
  );
  store.on(["clip", "content", "trained"], render);
  render();
}
