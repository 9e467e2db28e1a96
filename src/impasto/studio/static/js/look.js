// The three sliders of the look: how much, how coarse, whose colours.
import { byId } from "./dom.js";
import { decimal } from "./format.js";
import { slider } from "./sliders.js";
import { LOOK, store } from "./state.js";

const whose = (value) =>
  value === 0
    ? "the style's"
    : value === 1
      ? "the photograph's"
      : `${Math.round(value * 100)} % the photograph's`;

const CONTROLS = [
  {
    key: "strength",
    label: "Strength",
    min: 0,
    max: 2,
    step: 0.05,
    ends: ["photograph", "all style"],
    format: decimal,
  },
  {
    key: "stroke",
    label: "Stroke",
    min: 0.5,
    max: 3,
    step: 0.05,
    ends: ["fine", "broad"],
    format: (v) => `${decimal(v)} ×`,
  },
  {
    key: "colors",
    label: "Colours",
    min: 0,
    max: 1,
    step: 0.05,
    ends: ["style", "photograph"],
    format: whose,
  },
];

const ONE_PASS = { strength: { max: 1 }, stroke: { min: 0.5, max: 1.5 } };

/** Build the sliders and keep them in step with the draft. */
export function startLook() {
  const { state } = store;
  const made = CONTROLS.map(({ key, ...control }) => [
    key,
    slider({
      ...control,
      value: state.look[key],
      usual: LOOK[key],
      oninput: (value) => store.set({ look: { ...state.look, [key]: value } }),
    }),
  ]);
  byId("look").replaceChildren(...made.map(([, control]) => control.node));
  // A trained network goes as far as its style, not beyond, and was trained on fewer strokes.
  const limits = () => {
    for (const [key, control] of made) {
      const { min, max } = {
        ...CONTROLS.find((one) => one.key === key),
        ...(state.trained ? ONE_PASS[key] : {}),
      };
      Object.assign(control.input, { min: String(min), max: String(max) });
      control.set(state.look[key]);
    }
  };
  store.on(["trained"], limits);
  limits();
  store.on(["look"], () => {
    for (const [key, control] of made) control.set(state.look[key]);
  });
}
