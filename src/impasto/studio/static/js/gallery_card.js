// One card of the gallery: the picture, its name, and what can be done with it.
import { api } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { decimal, moment, percent, size } from "./format.js";
import { jobFileName } from "./pictures.js";
import { store } from "./state.js";

const STATES = {
  queued: "Queued",
  running: "Painting",
  paused: "Paused",
  done: "",
  stopped: "Stopped early",
  failed: "Failed",
};

function stateText(job) {
  if (job.state === "running" && job.steps)
    return `Painting, ${percent((job.step ?? 0) / job.steps)}`;
  if (job.state === "stopped" && !job.has_picture) return "Cancelled";
  return STATES[job.state] ?? job.state;
}

/** The facts of a job in one line. */
export function facts(job) {
  const { recipe } = job;
  return [
    size(job.scale) || (recipe.size ? `${recipe.size} px` : ""),
    `strength ${decimal(recipe.strength)}`,
    job.one_pass ? "one pass" : "",
    job.clip ? "clip" : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Pictures are shown at their natural size at most: an enlarged small one would only be a blur. */
function cardPicture(job) {
  if (job.has_picture)
    // Without a format it is a preview, which the server caches; with one it is made again on each request.
    return el("img", { src: api.resultUrl(job.id, null, 512), alt: "", loading: "lazy" });
  if (!job.content) return null;
  const src = api.pictureUrl(job.content, 512);
  return el("img", { src, alt: "", loading: "lazy", class: "pending" });
}

/** The button with the name becomes an input until Enter, Escape or a click elsewhere. */
function nameField(job, rename) {
  const button = el("button", {
    type: "button",
    class: "card-name",
    text: job.name,
    title: `${job.name}. Click to rename`,
    "aria-label": `${job.name}. Rename`,
  });
  button.addEventListener("click", () => {
    const input = el("input", {
      type: "text",
      class: "card-name-input",
      value: job.name,
      maxLength: 120,
      "aria-label": "Name",
    });
    let isOpen = true;
    const close = (value) => {
      if (!isOpen) return;
      isOpen = false;
      const hadFocus = document.activeElement === input;
      input.replaceWith(button);
      if (hadFocus) button.focus();
      if (value !== null && value.trim() !== job.name) rename(job, value.trim());
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault(); // Enter would also press the button that gets the focus
      close(event.key === "Enter" ? input.value : null);
    });
    input.addEventListener("blur", () => close(input.value));
    button.replaceWith(input);
    input.focus();
    input.select();
  });
  return button;
}

function foot(job, on) {
  const trained = store.state.info?.trained_styles?.find((style) => style.name === job.trained);
  const sources = (job.styles ?? []).map((id) => api.pictureUrl(id, 64));
  if (trained) sources.push(trained.thumb);
  const styles = sources.map((src) => el("img", { src, alt: "", loading: "lazy" }));
  const words = job.clip ? "Download the clip" : "Download as PNG";
  const download = {
    class: "icon-button",
    href: job.clip ? api.clipUrl(job.id) : api.resultUrl(job.id, "png"),
    download: jobFileName(job, job.clip?.format ?? "png"),
    "aria-label": words,
    title: words,
  };
  return el(
    "div",
    { class: "card-foot" },
    styles.length > 0 && el("div", { class: "card-styles", "aria-hidden": "true" }, ...styles),
    el(
      "div",
      { class: "card-words" },
      nameField(job, on.rename),
      el("span", { class: "fine", text: `${facts(job)} · ${moment(job.created)}` }),
    ),
    el(
      "div",
      { class: "card-buttons" },
      iconButton("again", "Reuse settings", () => on.reuse(job)),
      job.has_picture && el("a", download, icon("download")),
      iconButton("trash", "Delete", () => on.remove([job.id])),
    ),
  );
}

/** Make a card. `on` = {rename(job, name), favourite(job), reuse(job), remove(ids)}. */
export function card(job, on) {
  const status = stateText(job);
  const star = iconButton("star", "Favourite", () => on.favourite([job], !job.favourite));
  star.classList.add("card-star");
  star.setAttribute("aria-pressed", String(job.favourite));
  return el(
    "li",
    { class: "card", data: { id: job.id, state: job.state } },
    el(
      "a",
      {
        class: "card-picture",
        href: `#/job/${job.id}`,
        draggable: false,
        "aria-label": `${job.clip ? "Clip: " : ""}${job.name}${status ? `, ${status}` : ""}`,
      },
      cardPicture(job),
      job.clip && el("span", { class: "card-clip", "aria-hidden": "true" }, icon("play")),
      status && el("span", { class: "card-state", text: status }),
    ),
    el(
      "label",
      { class: "card-check", title: "Select; with Shift, up to here" },
      el("input", { type: "checkbox", "aria-label": `Select ${job.name}` }),
    ),
    star,
    foot(job, on),
  );
}

/** What a card shows: it is made again if this changes. */
export function cardKey(job) {
  return JSON.stringify([
    job.state,
    job.has_picture,
    job.step,
    job.scale,
    job.name,
    job.favourite,
    job.recipe.strength,
  ]);
}
