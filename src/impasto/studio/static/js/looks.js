// Past looks: styles with their settings, to go back to. The last one of each choice of styles is kept on its own.
import { announce, notify } from "./a11y.js";
import { api } from "./api.js";
import { byId, debounce, el, icon, show } from "./dom.js";
import { decimal } from "./format.js";
import { leaveJob } from "./job.js";
import { readStored, writeStored } from "./persist.js";
import { emptyLayer, store } from "./state.js";

const { state } = store;
const STORED = "impasto.looks";
const MAX_LOOKS = 12;
const THUMB = 112; // side in pixels
const FIELDS = ["styles", "trained", "look", "mix", "preset", "quality", "seed", "extra"];
let looks = []; // {key, thumb, name, values}, newest first
let candidate = null; // the look of the preview that is shown

const stylesOf = ({ styles, trained }) => trained?.name ?? styles.map((style) => style.id).join();

function lookNow() {
  const values = Object.fromEntries(FIELDS.map((field) => [field, state[field]]));
  const { name: trained } = values.trained ?? {};
  const ids = values.styles.map((style) => style.id);
  const names = values.trained ? [values.trained.title] : values.styles.map((style) => style.name);
  return {
    key: JSON.stringify({ ...values, styles: ids, trained }),
    name: names.join(", "),
    values,
  };
}

async function thumbnail(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = THUMB;
  const side = Math.min(image.naturalWidth, image.naturalHeight);
  const [x, y] = [(image.naturalWidth - side) / 2, (image.naturalHeight - side) / 2];
  canvas.getContext("2d").drawImage(image, x, y, side, side, 0, 0, THUMB, THUMB);
  return canvas.toDataURL("image/webp", 0.75);
}

function keep(look) {
  if (!look) return;
  looks = [look, ...looks.filter((other) => other.key !== look.key)].slice(0, MAX_LOOKS);
  writeStored(localStorage, STORED, looks);
  render();
}

/** Note the look of the preview once it rests. */
const note = debounce(async () => {
  if (!state.fast || state.job) return;
  const look = lookNow();
  try {
    candidate = { ...look, thumb: await thumbnail(state.fast.url) };
  } catch {
    return; // the preview has been replaced; the next one is noted
  }
  render();
}, 400);

/** Keep the last look of a choice of styles when another choice replaces it. */
function stylesChanged() {
  if (candidate && stylesOf(candidate.values) !== stylesOf(state)) {
    keep(candidate);
    candidate = null;
  }
}

async function goBack(look) {
  const { values } = look;
  try {
    await Promise.all(values.styles.map((style) => api.hasPicture(style.id)));
    if (values.trained && !state.info.trained_styles.some((s) => s.name === values.trained.name))
      throw new Error("This instant style is no longer part of the studio.");
  } catch (error) {
    if (error.status === 0) return;
    looks = looks.filter((other) => other !== look);
    writeStored(localStorage, STORED, looks);
    render();
    notify("The studio no longer has a style of this look, so it was removed.", "error");
    return;
  }
  if (candidate?.key !== look.key) keep(candidate);
  const same = stylesOf(values) === stylesOf(state);
  if (!same) leaveJob(); // a running job goes on with its own strength in the background
  store.set({
    ...values,
    masks: same ? state.masks : values.styles.map(emptyLayer),
    otherGuides: same ? state.otherGuides : {},
  });
  announce(`Back to the look ${look.name}.`);
}

function tile(look) {
  const name = `${look.name}, strength ${decimal(look.values.look.strength)}`;
  return el(
    "li",
    {},
    el(
      "button",
      {
        type: "button",
        class: "sample",
        title: name,
        "aria-label": `Go back to ${name}`,
        "aria-pressed": String(look.key === candidate?.key),
        onclick: () => goBack(look),
      },
      el("img", { src: look.thumb, alt: "" }),
    ),
    el("span", { class: "sample-name", "aria-hidden": "true", text: look.name }),
  );
}

function render() {
  const list = byId("looks");
  const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
  const isKept = looks.some((look) => look.key === candidate?.key);
  const add = el(
    "button",
    {
      type: "button",
      class: "sample keep-look",
      "aria-label": "Keep this look",
      title: "Keep this look",
      disabled: !candidate || isKept,
      onclick: () => {
        keep(candidate);
        announce("This look is kept.");
      },
    },
    icon("plus"),
  );
  const label = el("span", { class: "sample-name", "aria-hidden": "true", text: "Keep" });
  list.replaceChildren(el("li", {}, add, label), ...looks.map(tile));
  const buttons = list.querySelectorAll("button:enabled");
  if (focused >= 0) buttons[Math.min(focused, buttons.length - 1)]?.focus();
  show(byId("group-looks"), looks.length > 0 || Boolean(candidate));
  byId("looks-clear").disabled = !looks.length;
}

/** Show the stored looks and follow the previews. */
export function startLooks() {
  looks = readStored(localStorage, STORED) ?? [];
  byId("looks-clear").addEventListener("click", () => {
    looks = [];
    writeStored(localStorage, STORED, looks);
    render();
    byId("panel").focus();
  });
  store.on(["fast"], note);
  store.on(["styles", "trained"], stylesChanged);
  store.on(["job"], () => {
    if (state.job && !candidate?.isPainted && candidate?.key === lookNow().key) {
      candidate.isPainted = true;
      keep(candidate);
    }
  });
  render();
}
