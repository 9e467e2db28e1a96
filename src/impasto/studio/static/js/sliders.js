// Sliders with a label, a value and texts at both ends. A double click resets to the default value.
import { el } from "./dom.js";

let count = 0;

/** Return the paragraph that explains a control, and link it to the control. */
function helpText(control, id, text) {
  if (!text) return null;
  control.setAttribute("aria-describedby", `${id}-help`);
  return el("p", { class: "fine help", id: `${id}-help`, text });
}

/**
 * `{label, min, max, step, value, defaultValue, ends: [low, high], help, format(value), oninput(value)}`.
 * Returns {node, set(value), input}; set does not call oninput.
 */
export function slider({
  label,
  min,
  max,
  step,
  value,
  defaultValue,
  ends,
  help,
  format = String,
  oninput,
}) {
  const id = `slider-${++count}`;
  const input = el("input", {
    type: "range",
    id,
    min: String(min),
    max: String(max),
    step: String(step),
  });
  const output = el("output", { for: id });
  const show = () => {
    const number = Number(input.value);
    const text = format(number);
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
    input.style.setProperty("--share", String((number - input.min) / (input.max - input.min)));
  };
  const set = (next) => {
    input.value = String(next);
    show();
  };
  input.addEventListener("input", () => {
    show();
    oninput(Number(input.value));
  });
  if (defaultValue !== undefined) {
    input.addEventListener("dblclick", () => {
      set(defaultValue);
      oninput(defaultValue);
    });
  }
  set(value);
  const node = el(
    "div",
    { class: "slider" },
    el("div", { class: "slider-head" }, el("label", { for: id, text: label }), output),
    input,
    ends &&
      el(
        "div",
        { class: "slider-ends", "aria-hidden": "true" },
        el("span", { text: ends[0] }),
        el("span", { text: ends[1] }),
      ),
    helpText(input, id, help),
  );
  return { node, set, input };
}

/** Radio buttons in one row: `{label, choices: [[value, text]], value, help, onchange(value)}`; returns {node, set}. */
export function segments({ label, choices, value, help, onchange }) {
  const name = `segments-${++count}`;
  const inputs = choices.map(([choice, text]) => {
    const input = el("input", {
      type: "radio",
      name,
      value: choice,
      onchange: () => onchange(choice),
    });
    return [choice, input, el("label", { class: "segment" }, input, el("span", { text }))];
  });
  const set = (next) =>
    inputs.forEach(([choice, input]) => {
      input.checked = choice === next;
    });
  set(value);
  const node = el(
    "fieldset",
    { class: "segments" },
    el("legend", { text: label }),
    el("div", { class: "segments-row" }, ...inputs.map(([, , segment]) => segment)),
  );
  node.append(helpText(node, name, help) ?? "");
  return { node, set };
}
