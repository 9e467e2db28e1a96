// Sheets: the photograph in several strengths or styles, painted in one pass; a click takes a look.
import { announce, complain, notify } from "./a11y.js";
import { api } from "./api.js";
import { byId, el, saveAs, show } from "./dom.js";
import { hasStyle, instantStroke, onePassRequest, setTrained, useStyle } from "./draft.js";
import { decimal } from "./format.js";
import { sample } from "./pictures.js";
import { store } from "./state.js";

const STRENGTHS = [0.2, 0.4, 0.6, 0.8, 1];
const SIDE = 448; // pixels of a cell's longer side
const LABEL = 34; // pixels of a label in the downloaded sheet
const GAP = 16;

const { state } = store;
const painted = new Map(); // request -> Blob, the newest last
const MAX_PAINTED = 64;
let controller = null;
let cells = []; // {label, request, take, node, blob}

const strengthCells = () =>
  STRENGTHS.map((strength) => ({
    label: `Strength ${decimal(strength)}`,
    request: { ...onePassRequest(), strength },
    take: () => store.set({ look: { ...state.look, strength } }),
  }));

/** Every style that is at hand: those of the draft, the samples and the instant ones. */
function styleCells() {
  const { at, network, protect } = onePassRequest();
  const base = { content: state.content.id, ...state.look, at, protect };
  const samples = (state.info?.samples ?? []).filter(({ kind }) => kind === "style");
  const own = state.styles.filter(({ id }) => !samples.some((entry) => entry.id === id));
  const any = [
    ...own.map((style) => ({ ...style, take: () => useStyle(style) })),
    ...samples.map((entry) => ({ ...entry, take: async () => useStyle(await sample(entry)) })),
  ].map(({ id, name, take }) => ({
    label: name,
    request: { ...base, network, styles: [id] },
    take,
  }));
  const stroke = instantStroke(state.look.stroke);
  const trained = (state.info?.trained_styles ?? []).map((style) => ({
    label: style.title,
    request: { ...base, trained: style.name, stroke },
    take: () => setTrained(style),
  }));
  return [...any, ...trained];
}

async function paint(request, signal) {
  const key = JSON.stringify(request);
  if (!painted.has(key)) {
    painted.set(key, await api.fast({ ...request, size: SIDE }, signal, "sheet"));
    if (painted.size > MAX_PAINTED) painted.delete(painted.keys().next().value);
  }
  return painted.get(key);
}

function cellNode(cell) {
  const button = el(
    "button",
    {
      type: "button",
      class: "sheet-cell",
      "aria-label": `${cell.label}. Take this look`,
      onclick: async () => {
        try {
          await cell.take();
          location.hash = "#/";
          announce(`${cell.label} is set.`);
        } catch (error) {
          complain(error);
        }
      },
    },
    el("span", { class: "sheet-picture" }),
    el("span", { class: "sheet-label", text: cell.label }),
  );
  button.firstElementChild.style.aspectRatio = `${state.content.width} / ${state.content.height}`;
  return el("li", {}, button);
}

function showPicture(cell) {
  const url = URL.createObjectURL(cell.blob);
  const image = el("img", { src: url, alt: "", onload: () => URL.revokeObjectURL(url) });
  cell.node.querySelector(".sheet-picture").replaceChildren(image);
}

async function paintAll(signal) {
  const status = byId("sheet-status");
  for (const [index, cell] of cells.entries()) {
    status.textContent = `Painting ${index + 1} of ${cells.length}…`;
    try {
      cell.blob = await paint(cell.request, signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      status.textContent = "";
      complain(error);
      if (error.status === 0) return; // the banner says that the server is away
      continue;
    }
    if (signal.aborted) return;
    showPicture(cell);
  }
  status.textContent = "Click a picture to take its look.";
  byId("sheet-save").disabled = !cells.some(({ blob }) => blob);
}

/** Draw the cells with their labels on one canvas; resolves to a PNG. */
async function drawSheet() {
  const ready = cells.filter(({ blob }) => blob);
  const bitmaps = await Promise.all(ready.map(({ blob }) => createImageBitmap(blob)));
  const [width, height] = [bitmaps[0].width, bitmaps[0].height];
  const columns = ready.length <= 5 ? ready.length : Math.ceil(Math.sqrt(ready.length));
  const rows = Math.ceil(ready.length / columns);
  const canvas = el("canvas", {
    width: GAP + columns * (width + GAP),
    height: GAP + rows * (height + LABEL + GAP),
  });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#1f1d1a";
  context.font = "18px system-ui, sans-serif";
  for (const [index, bitmap] of bitmaps.entries()) {
    const x = GAP + (index % columns) * (width + GAP);
    const y = GAP + Math.floor(index / columns) * (height + LABEL + GAP);
    context.drawImage(bitmap, x, y, width, height);
    context.fillText(ready[index].label, x, y + height + 24, width);
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

async function save() {
  const blob = await drawSheet();
  const url = URL.createObjectURL(blob);
  const stem = state.content.name.replace(/\.[^.]+$/, "");
  saveAs(url, `${stem} ${byId("room-sheet").dataset.kind}.png`);
  setTimeout(URL.revokeObjectURL, 60_000, url);
}

/** Stop painting, for example when another room opens. */
export function closeSheet() {
  controller?.abort();
  controller = null;
}

/** Show the sheet of "strengths" or "styles". */
export function openSheet(wanted) {
  closeSheet();
  if (!state.content || !state.info?.fast) {
    notify("A sheet needs a photograph and the network for previews.");
    location.replace("#/");
    return;
  }
  const kind = wanted === "styles" || !hasStyle() ? "styles" : "strengths";
  byId("room-sheet").dataset.kind = kind;
  for (const name of ["strengths", "styles"]) {
    const link = byId(`sheet-${name}`);
    if (name === kind) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  show(byId("sheet-strengths"), hasStyle());
  byId("sheet-save").disabled = true;
  byId("sheet-save").onclick = () => save().catch(complain);
  cells = kind === "styles" ? styleCells() : strengthCells();
  for (const cell of cells) cell.node = cellNode(cell);
  byId("sheet-cells").replaceChildren(...cells.map(({ node }) => node));
  byId("h-sheet").focus();
  controller = new AbortController();
  paintAll(controller.signal);
}
