// The strip of photographs below the stage.
import { notify, roving } from "./a11y.js";
import { api } from "./api.js";
import { byId, el, iconButton, show } from "./dom.js";
import { hasStyle } from "./draft.js";
import { duration, percent } from "./format.js";
import { downloadZip } from "./gallery_actions.js";
import {
  closeSeries,
  finishedJobs,
  maxPhotos,
  paintAll,
  removePhoto,
  series,
  seriesProgress,
  showPhoto,
  stopAll,
} from "./series.js";
import { store } from "./state.js";

const { state } = store;
const tiles = new Map(); // id -> node
let started = false;

const WORDS = {
  waiting: "waiting",
  queued: "queued",
  paused: "paused",
  done: "painted",
  stopped: "stopped",
  failed: "failed",
};

function words(item) {
  if (item.state === "running") return item.share ? percent(item.share) : "painting";
  return WORDS[item.state] ?? "";
}

function tile(id) {
  const find = () => series.state.items.find((item) => item.picture.id === id);
  const button = el(
    "button",
    { type: "button", class: "series-tile", onclick: () => showPhoto(find()) },
    el("img", { src: api.pictureUrl(id, 192), alt: "", loading: "lazy" }),
    el("span", { class: "series-badge", "aria-hidden": "true" }),
  );
  button.addEventListener("keydown", (event) => {
    if (event.key === "Delete") removePhoto(id);
  });
  const remove = iconButton("close", "Remove from the strip", () => removePhoto(id));
  remove.tabIndex = -1; // one tab stop for a photograph; Delete removes it
  return el("li", {}, button, remove);
}

function fillTile(node, item, isShown, isStop) {
  const [button, remove] = node.children;
  const status = words(item);
  button.setAttribute("aria-pressed", String(isShown));
  button.setAttribute("aria-label", `${item.picture.name}${status ? `, ${status}` : ""}`);
  button.title = item.picture.name;
  button.tabIndex = isStop ? 0 : -1;
  button.dataset.state = item.state;
  remove.setAttribute("aria-label", `Remove ${item.picture.name} from the strip`);
  const badge = button.lastChild;
  badge.textContent = item.state === "done" ? "✓" : status;
  show(badge, Boolean(status));
}

function renderTiles() {
  const { items } = series.state;
  const strip = byId("series-strip");
  const present = new Set(items.map((item) => item.picture.id));
  const hadFocus = strip.contains(document.activeElement);
  for (const [id, node] of tiles) {
    if (present.has(id)) continue;
    node.remove();
    tiles.delete(id);
  }
  const shown = items.findIndex((item) => item.picture.id === state.content?.id);
  for (const [index, item] of items.entries()) {
    const { id } = item.picture;
    if (!tiles.has(id)) {
      tiles.set(id, tile(id));
      strip.append(tiles.get(id));
    }
    fillTile(tiles.get(id), item, index === shown, index === Math.max(0, shown));
  }
  if (hadFocus && !strip.contains(document.activeElement))
    strip.querySelector('[tabindex="0"]')?.focus();
}

function aboutText({ total, done, active, left }) {
  if (active) return `${done} of ${total} painted${left ? ` · ${duration(left)} left` : ""}`;
  if (done) return `${done} of ${total} painted`;
  const masked = Boolean(state.maskIds.masks || state.maskIds.protect);
  return `At most ${maxPhotos()}.${masked ? " Masks are left out: they fit one photograph only." : ""}`;
}

function render() {
  const { items, busy } = series.state;
  show(byId("series"), items.length > 0);
  if (!items.length) {
    renderTiles();
    return;
  }
  const progress = seriesProgress();
  const active = progress.active || Boolean(busy);
  byId("series-title").textContent = `${items.length} photographs, one look`;
  byId("series-about").textContent = aboutText({ ...progress, active });
  const bar = byId("series-progress");
  show(bar, active);
  bar.setAttribute("aria-valuenow", String(Math.round(progress.share * 100)));
  bar.firstElementChild.style.transform = `scaleX(${progress.share})`;
  const paint = byId("series-paint");
  paint.disabled = active || !hasStyle() || !state.online;
  show(byId("series-stop"), active);
  const zip = byId("series-zip");
  show(zip, progress.done > 0);
  zip.lastElementChild.textContent =
    progress.done === items.length ? "ZIP" : `ZIP of ${progress.done}`;
  renderTiles();
}

/** Build the strip and keep it in sync; `pick` opens the file dialog. */
export function startSeriesStrip(pick) {
  if (started) return;
  started = true;
  byId("series-paint").addEventListener("click", paintAll);
  byId("series-stop").addEventListener("click", stopAll);
  byId("series-add").addEventListener("click", () => pick("photos"));
  byId("series-zip").addEventListener("click", () =>
    downloadZip(finishedJobs(), "png", "photographs"),
  );
  byId("series-close").addEventListener("click", () => {
    const before = series.state.items;
    closeSeries();
    byId("viewport").focus();
    notify("The strip is closed; its pictures stay in the gallery.", "info", {
      label: "Undo",
      onclick: () => series.set({ items: before }),
    });
  });
  roving(byId("series-strip"), ".series-tile");
  series.on(["items", "busy"], render);
  store.on(["content", "styles", "trained", "online", "info", "maskIds"], render);
  render();
}
