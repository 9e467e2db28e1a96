// A size in print: paper or centimetres, dots per inch, and how a photograph of another shape is framed.
import { el, show } from "./dom.js";
import { setPrint } from "./draft.js";
import { size as sizeText } from "./format.js";
import {
  centimetres,
  DEFAULT_DPI,
  PAPERS,
  paperOf,
  parsePrint,
  pixelText,
  printPixels,
  withDpi,
} from "./print_sizes.js";
import { store } from "./state.js";

const { state } = store;
const FIRST_PRINT = { dpi: DEFAULT_DPI, framing: "crop" };
const FRAMINGS = [
  ["crop", "Crop the photo"],
  ["fit", "Fit the whole photo"],
  ["pad", "White border"],
];
const OWN = "own"; // the choice of a size in centimetres

const option = ([value, text]) => el("option", { value, text });

function labelled(text, control) {
  return el("label", { class: "print-field" }, el("span", { text }), control);
}

function numberInput(min, max, onchange) {
  const props = { type: "number", min: String(min), max: String(max), step: "any", onchange };
  return el("input", { ...props, inputmode: "decimal" });
}

/** The value of an input within its range, or the last one if it is no number. */
function numberOf(input, last) {
  const value = Number(input.value.replace(",", "."));
  if (!(value > 0)) return last;
  return Math.min(Number(input.max), Math.max(Number(input.min), value));
}

function chooseUnit(unit) {
  if (unit === "pixels") return setPrint(null);
  const print = { ...FIRST_PRINT, ...state.print };
  if (unit !== OWN) return setPrint({ ...print, size: unit });
  const sides = centimetres({ ...print, size: print.size ?? "A4" }, state.content);
  return setPrint({ ...print, size: pixelText(...sides, print.dpi) });
}

/** What the select shows: "pixels", a paper, or a size of one's own. */
function unitNow() {
  if (!state.print) return "pixels";
  const { mm } = parsePrint(state.print.size);
  return (mm && paperOf(mm)) || OWN;
}

/** Return the controls {node}, which follow the draft. */
export function printForm() {
  const unit = el(
    "select",
    { onchange: () => chooseUnit(unit.value) },
    ...[["pixels", "Pixels"], ...Object.keys(PAPERS).map((name) => [name, name])].map(option),
    option([OWN, "Centimetres"]),
  );
  const change = (values) => setPrint({ ...state.print, ...values });
  const sides = () => centimetres(state.print, state.content);
  const resize = () => {
    const [w, h] = sides();
    change({ size: pixelText(numberOf(width, w), numberOf(height, h), state.print.dpi) });
  };
  const resolve = () =>
    setPrint(withDpi(state.print, numberOf(dpi, state.print.dpi), state.content));
  const width = numberInput(1, 500, resize);
  const height = numberInput(1, 500, resize);
  const dpi = numberInput(30, 1200, resolve);
  const framing = el(
    "select",
    { onchange: () => change({ framing: framing.value }) },
    ...FRAMINGS.map(option),
  );
  const pixels = el("output", { class: "fine", id: "print-pixels" });
  const details = el(
    "div",
    { class: "print-details" },
    labelled("Width, cm", width),
    labelled("Height, cm", height),
    labelled("DPI", dpi),
    labelled("Framing", framing),
    pixels,
  );
  const render = () => {
    unit.value = unitNow();
    show(details, Boolean(state.print));
    if (!state.print) return;
    [width.value, height.value] = sides().map(String);
    dpi.value = String(Math.round(state.print.dpi * 100) / 100);
    framing.value = state.print.framing;
    const [w, h] = printPixels(state.print, state.content);
    pixels.textContent = `${sizeText([w, h])} px, ${Math.round((w * h) / 1e5) / 10} megapixels`;
  };
  store.on(["print", "content"], render);
  render();
  const node = el("div", { class: "print" }, labelled("Print size", unit), details);
  store.on(["content"], () => show(node, !state.content?.clip));
  return { node };
}
