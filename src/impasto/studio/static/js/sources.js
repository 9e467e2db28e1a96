// The photo, the styles, and samples to start with.
import { complain, notify } from "./a11y.js";
import { api } from "./api.js";
import { byId, el, icon, iconButton, show } from "./dom.js";
import {
  addStyle,
  maxStyles,
  removeContent,
  removeStyle,
  setContent,
  setTrained,
} from "./draft.js";
import { undo } from "./history.js";
import { pick } from "./intake.js";
import { sample } from "./pictures.js";
import { store } from "./state.js";

const { state } = store;

function tile(picture, { label, title, onclick, remove }) {
  return el(
    "div",
    { class: "tile" },
    el(
      "button",
      {
        type: "button",
        class: "tile-button",
        title: `${title}: ${picture.name}`,
        "aria-label": `${title}: ${picture.name}. Choose another`,
        onclick,
      },
      el("img", { src: api.pictureUrl(picture.id, 192), alt: "" }),
    ),
    remove,
    el("span", { class: "tile-label", text: label, "aria-hidden": "true" }),
  );
}

function emptyTile(label, description, onclick) {
  return el(
    "div",
    { class: "tile" },
    el(
      "button",
      {
        type: "button",
        class: "tile-button empty",
        "aria-label": description,
        title: description,
        onclick,
      },
      icon("plus"),
    ),
    el("span", { class: "tile-label", text: label, "aria-hidden": "true" }),
  );
}

function trainedTile({ thumb, title }) {
  return el(
    "div",
    { class: "tile" },
    el("div", { class: "tile-button", title }, el("img", { src: thumb, alt: title })),
    iconButton("close", `Remove ${title}`, () => setTrained(null)),
    el("span", { class: "tile-label", text: "Style", "aria-hidden": "true" }),
  );
}

function takePhotoAway() {
  const kind = store.state.content?.clip ? "clip" : "photo";
  removeContent();
  notify(`The ${kind} was removed.`, "info", { label: "Undo", onclick: undo });
}

function render() {
  const { content, styles } = state;
  const focused = [...byId("sources").querySelectorAll("button")].indexOf(document.activeElement);
  const kind = content?.clip ? "Clip" : "Photo";
  const photo = content
    ? tile(content, {
        label: kind,
        title: kind,
        onclick: () => pick("content"),
        remove: iconButton("close", `Remove ${kind.toLowerCase()}`, takePhotoAway),
      })
    : emptyTile("Photo", "Choose a photo", () => pick("content"));
  photo.classList.add("tile-photo");
  const tiles = styles.map((style, i) =>
    tile(style, {
      label: styles.length > 1 ? `Style ${i + 1}` : "Style",
      title: `Style ${i + 1}`,
      onclick: () => pick("style", i),
      remove: iconButton("close", `Remove style ${i + 1}`, () => removeStyle(i)),
    }),
  );
  if (state.trained) tiles.push(trainedTile(state.trained));
  if (!state.trained && styles.length < maxStyles()) {
    tiles.push(
      emptyTile(
        styles.length ? "Add" : "Style",
        styles.length ? "Add another style" : "Choose a style",
        () => pick("style"),
      ),
    );
  }
  byId("sources").replaceChildren(
    photo,
    el("span", { class: "sources-rule", "aria-hidden": "true" }),
    ...tiles,
  );
  const buttons = byId("sources").querySelectorAll("button");
  if (focused >= 0) buttons[Math.min(focused, buttons.length - 1)].focus(); // the pressed button has been replaced
  show(byId("welcome"), !content && !state.job);
  markUsed();
}

function button(id, name, credit, src, onclick) {
  return el(
    "li",
    {},
    el(
      "button",
      {
        type: "button",
        class: "sample",
        title: credit ? `${name} (${credit})` : name,
        "aria-label": name,
        data: { id },
        onclick,
      },
      el("img", { src, alt: "", loading: "lazy", width: 64, height: 64 }),
    ),
    el("span", { class: "sample-name", "aria-hidden": "true", text: name }),
  );
}

const sampleButton = (entry, onclick) =>
  button(entry.id, entry.name, entry.credit, api.pictureUrl(entry.id, 192), onclick);

function trainedButton(style) {
  return button(style.name, style.title, style.credit, style.thumb, () =>
    setTrained(state.trained?.name === style.name ? null : style),
  );
}

async function take(entry) {
  try {
    const picture = await sample(entry);
    if (entry.kind === "content") return setContent(picture);
    const index = state.styles.findIndex((style) => style.id === entry.id);
    if (index >= 0) return removeStyle(index);
    // With one style, another sample replaces it, so that one can browse; Add is for mixing.
    return addStyle(
      picture,
      state.styles.length === 1 || state.styles.length >= maxStyles()
        ? state.styles.length - 1
        : -1,
    );
  } catch (error) {
    return complain(error);
  }
}

function markUsed() {
  const used = new Set(state.styles.map((style) => style.id));
  if (state.trained) used.add(state.trained.name);
  for (const button of document.querySelectorAll(
    "#style-samples .sample, #trained-styles .sample",
  )) {
    button.setAttribute("aria-pressed", String(used.has(button.dataset.id)));
  }
  const { trained } = state;
  byId("trained-credit").textContent = trained
    ? `${trained.title}. ${trained.credit}. This style paints in one pass: the preview is the finished picture.`
    : "";
  show(byId("trained-credit"), Boolean(trained));
}

function renderSamples() {
  const samples = state.info?.samples ?? [];
  const contents = samples.filter((entry) => entry.kind === "content");
  const styles = samples.filter((entry) => entry.kind === "style");
  byId("content-samples").replaceChildren(
    ...contents.map((entry) => sampleButton(entry, () => take(entry))),
  );
  byId("style-samples").replaceChildren(
    ...styles.map((entry) => sampleButton(entry, () => take(entry))),
  );
  const trained = state.info?.fast ? (state.info.trained_styles ?? []) : [];
  byId("trained-styles").replaceChildren(...trained.map(trainedButton));
  show(byId("h-trained"), trained.length > 0);
  show(byId("welcome-samples"), contents.length > 0);
  show(byId("h-styles"), styles.length > 0);
  markUsed();
}

/** Build tiles and samples and keep them in sync. */
export function startSources() {
  byId("pick-content").addEventListener("click", () => pick("content"));
  store.on(["content", "styles", "trained", "job"], render);
  store.on(["info"], () => {
    renderSamples();
    render();
  });
  render();
}
