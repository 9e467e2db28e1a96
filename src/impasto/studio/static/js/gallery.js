// The gallery: all pictures, newest first, with search, favourites and a selection.
import { complain } from "./a11y.js";
import { api } from "./api.js";
import { byId, debounce, show } from "./dom.js";
import { count, downloadZip, favourite, remove, rename, reuse } from "./gallery_actions.js";
import { card, cardKey } from "./gallery_card.js";
import { selection, startSelection } from "./gallery_selection.js";
import { pick } from "./intake.js";
import { watchJobs } from "./job.js";
import { isActive, store } from "./state.js";

const { state } = store;
const on = { rename, favourite, reuse, remove };
const cards = new Map(); // id -> {node, key}
const query = { search: "", favourites: false };
let jobs = [];
let next = null;
let started = false;
let request = 0; // the newest request; answers to older ones are dropped

function emptyText() {
  if (query.search) return `Nothing matches “${query.search}”.`;
  if (query.favourites) return "No favourites yet: the star on a picture makes it one.";
  return "Your pictures appear here, with their settings and sources. Drop one that impasto made to bring it back.";
}

function render() {
  const empty = byId("gallery-empty");
  show(empty, !jobs.length);
  empty.textContent = emptyText();
  show(byId("gallery-more"), Boolean(next));
  const ids = new Set(jobs.map((job) => job.id));
  for (const [id, { node }] of cards) {
    if (ids.has(id)) continue;
    keepFocus(node);
    node.remove();
    cards.delete(id);
  }
  let previous = null;
  for (const job of jobs) {
    const key = cardKey(job);
    let entry = cards.get(job.id);
    if (!entry || entry.key !== key) {
      const node = card(job, on);
      // A name that is being edited is not replaced; the card is made again at the next refresh.
      if (entry?.node.querySelector(".card-name-input")) entry.key = "";
      else {
        replace(entry?.node, node);
        entry = { node, key };
        cards.set(job.id, entry);
      }
    }
    const place = previous ? previous.nextSibling : byId("cards").firstChild;
    if (entry.node !== place) byId("cards").insertBefore(entry.node, place);
    previous = entry.node;
  }
  selection.refresh();
}

/** Replace a card; the focus goes to the same control of the new one. */
function replace(old, node) {
  if (!old) return;
  const controls = (root) => [...root.querySelectorAll("a, button, input")];
  const focused = controls(old).indexOf(document.activeElement);
  old.replaceWith(node);
  if (focused >= 0) controls(node)[focused]?.focus();
}

/** Before a card with the focus disappears, move the focus to its neighbour. */
function keepFocus(node) {
  if (!node.contains(document.activeElement)) return;
  const near = node.nextElementSibling ?? node.previousElementSibling;
  (near?.querySelector(".card-picture") ?? byId("h-gallery")).focus();
}

/** Fetch the newest page again; older pages stay unless the query has changed. */
async function refresh({ keep = true } = {}) {
  const thisRequest = ++request;
  try {
    const page = await api.jobs(null, 24, query);
    if (thisRequest !== request) return;
    const fresh = new Set(page.jobs.map((job) => job.id));
    const oldest = page.jobs[page.jobs.length - 1];
    const cut = jobs.findIndex((job) => job.id === oldest?.id);
    const older =
      keep && cut >= 0 && page.next ? jobs.slice(cut + 1).filter((job) => !fresh.has(job.id)) : [];
    if (!older.length) next = page.next;
    jobs = [...page.jobs, ...older];
    render();
  } catch (error) {
    complain(error);
  }
}

async function more() {
  const thisRequest = ++request;
  try {
    const page = await api.jobs(next, 24, query);
    if (thisRequest !== request) return;
    const have = new Set(jobs.map((job) => job.id));
    jobs = [...jobs, ...page.jobs.filter((job) => !have.has(job.id))];
    next = page.next;
    render();
  } catch (error) {
    complain(error);
  }
}

/** After a change: the whole list that is shown is fetched again, older pages too. */
async function reload() {
  const thisRequest = ++request;
  try {
    const wanted = Math.max(24, jobs.length);
    const fetched = [];
    let cursor = null;
    do {
      const page = await api.jobs(cursor, Math.min(200, wanted - fetched.length), query);
      if (thisRequest !== request) return;
      fetched.push(...page.jobs);
      cursor = page.next;
    } while (cursor && fetched.length < wanted);
    jobs = fetched;
    next = cursor;
    render();
  } catch (error) {
    complain(error);
  }
}

function startSearch() {
  const search = byId("gallery-search");
  const favourites = byId("gallery-favourites");
  const changed = debounce(() => refresh({ keep: false }), 200);
  search.addEventListener("input", () => {
    query.search = search.value.trim();
    changed();
  });
  favourites.addEventListener("click", () => {
    query.favourites = !query.favourites;
    favourites.setAttribute("aria-pressed", String(query.favourites));
    refresh({ keep: false });
  });
}

function startBar() {
  const chosen = () => {
    const ids = new Set(selection.ids);
    return jobs.filter((job) => ids.has(job.id));
  };
  const archive = () => query.search || (query.favourites ? "favourites" : "impasto");
  byId("selection-all").addEventListener("click", selection.all);
  byId("selection-clear").addEventListener("click", () => {
    selection.clear();
    byId("h-gallery").focus();
  });
  byId("selection-zip").addEventListener("click", () =>
    downloadZip(selection.ids, byId("selection-format").value, archive()),
  );
  byId("selection-star").addEventListener("click", () => {
    const all = chosen();
    favourite(all, !all.every((job) => job.favourite));
  });
  byId("selection-compare").addEventListener("click", () => {
    location.hash = `#/compare/${selection.ids.join("/")}`;
  });
  byId("selection-delete").addEventListener("click", () => remove(selection.ids));
  selection.watch(() => {
    const bar = byId("selection");
    const hadFocus = bar.contains(document.activeElement);
    show(bar, selection.size > 0);
    if (hadFocus && bar.hidden) byId("h-gallery").focus();
    byId("selection-count").textContent = `${count(selection.size)} selected`;
    byId("selection-compare").disabled =
      selection.size !== 2 || !chosen().every((job) => job.has_picture);
    byId("selection-zip").disabled = !chosen().some((job) => job.has_picture);
  });
}

/** Set up the gallery. It is fetched when it opens, and every two seconds while a job is active. */
export function startGallery() {
  if (started) return;
  started = true;
  const open = () => state.room === "gallery" && !document.hidden;
  byId("gallery-more").addEventListener("click", more);
  byId("gallery-add").addEventListener("click", () => pick("result"));
  startSelection(on);
  startSearch();
  startBar();
  store.on(["room", "online"], () => {
    if (open() && state.online) refresh();
  });
  watchJobs(() => {
    if (open()) reload();
  });
  setInterval(() => {
    if (open() && state.online && jobs.some(isActive)) refresh();
  }, 2000);
}
