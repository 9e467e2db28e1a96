// The field of the seed.
import { el, iconButton } from "./dom.js";
import { store } from "./state.js";

const { state } = store;
const MAX_RANDOM = 1e6;

/** Return the row of the form; it follows the draft. */
export function seedRow() {
  const input = el("input", { type: "number", id: "seed", min: "0", step: "1" });
  input.setAttribute("aria-describedby", "seed-about");
  input.addEventListener("change", () => {
    const seed = Math.max(0, Math.floor(Number(input.value)) || 0);
    input.value = String(seed);
    store.set({ seed });
  });
  const update = () => {
    input.value = String(state.seed);
  };
  store.on(["seed"], update);
  update();
  const dice = iconButton("dice", "Random seed", () =>
    store.set({ seed: Math.floor(Math.random() * MAX_RANDOM) }),
  );
  return el(
    "div",
    { class: "field" },
    el("label", { for: "seed", text: "Seed" }),
    el("span", { class: "field-input" }, dice, input),
    el("p", {
      class: "field-about",
      id: "seed-about",
      text: "The same seed with the same settings gives the same picture; another seed varies it.",
    }),
  );
}
