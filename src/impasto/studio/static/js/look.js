// The three sliders of the look: strength, stroke and colours.

import { byId } from "./dom.js";
import { ONE_PASS } from "./draft.js";
import { decimal } from "./format.js";
import { slider } from "./sliders.js";
import { LOOK, store } from "./state.js";

const colourSource = (value) =>
  value === 0
    ? "the style's"
    : value === 1
      ? "the photo's"
      : `${Math.round(value * 100)} % the photo's`;

const CONTROLS = [
  {
    key: "strength",
    label: "Strength",
    min: 0,
    max: 2,
    step: 0.05,
    ends: ["photo", "style"],
    help: "How much of the style the photo takes on; above 1 it is painted twice.",
    format: decimal,
  },
  {
    key: "stroke",
    label: "Stroke",
    min: 0.5,
    max: 3,
    step: 0.05,
    ends: ["fine", "broad"],
    help: "Size of the brush marks, relative to those of the style.",
    format: (v) => `${decimal(v)} ×`,
  },
  {
    key: "colors",
    label: "Colour",
    min: 0,
    max: 1,
    step: 0.05,
    ends: ["style", "photo"],
    help: "Whose colours the picture has.",
    format: colourSource,
  },
];

/** Build the sliders and keep them in sync with the draft. */
export function startLook() {
  const { state } = store;
  const sliders = CONTROLS.map(({ key, ...control }) => [
    key,
    slider({
      ...control,
      value: state.look[key],
      defaultValue: LOOK[key],
      oninput: (value) => store.set({ look: { ...state.look, [key]: value } }),
    }),
  ]);
  byId("look").replaceChildren(...sliders.map(([, control]) => control.node));
  // Instant styles have a smaller range of stroke.
  const limits = () => {
    for (const [key, control] of sliders) {
      const { min, max } = {
        ...CONTROLS.find((candidate) => candidate.key === key),
        ...(state.trained ? ONE_PASS[key] : {}),
      };
      Object.assign(control.input, { min: String(min), max: String(max) });
      control.set(state.look[key]);
    }
  };
  store.on(["trained"], limits);
  limits();
  store.on(["look"], () => {
    for (const [key, control] of sliders) control.set(state.look[key]);
  });
}
