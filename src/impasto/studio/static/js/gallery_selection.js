// The selection in the gallery: clicks, Shift for ranges, and keys.
import { announce } from "./a11y.js";
import { byId } from "./dom.js";

const selected = new Set(); // ids
const watchers = new Set();
let anchor = null; // the id from which a range begins

const cards = () => [...byId("cards").children];
const ids = () => cards().map((card) => card.dataset.id);

function changed() {
  const list = byId("cards");
  list.classList.toggle("selecting", selected.size > 0);
  for (const card of cards()) {
    const isSelected = selected.has(card.dataset.id);
    card.classList.toggle("selected", isSelected);
    card.querySelector(".card-check input").checked = isSelected;
  }
  for (const watcher of watchers) watcher();
}

function toggle(id, on = !selected.has(id)) {
  if (on) selected.add(id);
  else selected.delete(id);
  anchor = id;
  changed();
}

function selectRange(id) {
  const all = ids();
  const from = all.indexOf(anchor);
  const to = all.indexOf(id);
  if (from < 0 || to < 0) return toggle(id, true);
  for (const other of all.slice(Math.min(from, to), Math.max(from, to) + 1)) selected.add(other);
  return changed();
}

export const selection = {
  /** The selected ids in the order of the gallery. */
  get ids() {
    return ids().filter((id) => selected.has(id));
  },
  get size() {
    return selected.size;
  },
  clear() {
    selected.clear();
    changed();
  },
  all() {
    for (const id of ids()) selected.add(id);
    changed();
    announce(`${selected.size} selected.`);
  },
  /** Show the selection on new cards, and forget ids that are no longer shown. */
  refresh() {
    const present = new Set(ids());
    for (const id of selected) if (!present.has(id)) selected.delete(id);
    changed();
  },
  /** Call `fn` after each change. */
  watch(fn) {
    watchers.add(fn);
  },
};

/** On the picture: with a selection, a click selects instead of opening; Shift selects a range. */
function clicked(event) {
  const card = event.target.closest(".card");
  if (!card) return;
  const { id } = card.dataset;
  const isCheck = event.target.closest(".card-check");
  if (!isCheck && !event.target.closest(".card-picture")) return;
  if (event.shiftKey && anchor) {
    event.preventDefault();
    selectRange(id);
  } else if (isCheck) {
    // The label passes its click on to the checkbox, whose click is the one that counts.
    if (event.target.matches("input")) toggle(id, event.target.checked);
  } else if (selected.size || event.ctrlKey || event.metaKey) {
    event.preventDefault();
    toggle(id);
  }
}

/** Return the card that an arrow key leads to: beside, or the one above or below. */
function neighbour(card, key) {
  const all = cards();
  const index = all.indexOf(card);
  const columns = all.filter((other) => other.offsetTop === all[0].offsetTop).length;
  const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  return all[index + move] ?? null;
}

function pressed(event, on) {
  const card = event.target.closest(".card");
  if (!event.target.matches(".card-picture")) return;
  const { id } = card.dataset;
  const chosen = selected.size ? selection.ids : [id];
  const keys = {
    " ": () => toggle(id),
    Delete: () => on.remove(chosen),
    F2: () => card.querySelector(".card-name").click(),
    f: () => card.querySelector(".card-star").click(),
  };
  if (event.key.startsWith("Arrow")) {
    const next = neighbour(card, event.key);
    if (event.shiftKey) {
      if (!selected.has(id)) toggle(id, true);
      if (next) selectRange(next.dataset.id);
    }
    next?.querySelector(".card-picture").focus();
    event.preventDefault();
  } else if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    keys[event.key]();
  }
}

/** Follow clicks and keys. `on.remove(ids)` deletes pictures. */
export function startSelection(on) {
  const list = byId("cards");
  list.addEventListener("click", clicked);
  list.addEventListener("mousedown", (event) => {
    if (event.shiftKey) event.preventDefault(); // Shift would select text
  });
  list.addEventListener("keydown", (event) => pressed(event, on));
  byId("room-gallery").addEventListener("keydown", (event) => {
    if (event.target.matches("input[type=text], input[type=search]")) return;
    if (event.key === "Escape" && selected.size) selection.clear();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      selection.all();
    }
  });
}
