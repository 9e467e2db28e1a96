// What survives a reload: this tab's draft, and names and sizes of pictures the server knows only by number.

import { debounce } from "./dom.js";
import { DRAFT_KEYS, draftOf, emptyDraft, store } from "./state.js";

const DRAFT = "impasto.draft";
const KNOWN = "impasto.pictures";
const MOST_KNOWN = 200;

function read(storage, key) {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    return null; // closed storage or foreign text: as if there were none
  }
}

function write(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    /* full or closed: the server still has pictures and jobs */
  }
}

let restoredFor = null;

/** The tab's own draft, else the last one of any tab. */
export function restoreDraft() {
  const own = read(sessionStorage, DRAFT);
  const stored = own ?? read(localStorage, DRAFT);
  if (!stored || typeof stored !== "object") return;
  const fresh = emptyDraft();
  const same = (key) =>
    key in stored && (fresh[key] === null || typeof stored[key] === typeof fresh[key]);
  store.set(Object.fromEntries(DRAFT_KEYS.filter(same).map((key) => [key, stored[key]])));
  restoredFor = own?.job ?? null;
}

/** Whether the draft that was restored belongs to this job: then changes for the next painting are in it. Said once. */
export function wasRestoredFor(id) {
  const yes = restoredFor === id;
  restoredFor = null;
  return yes;
}

/** Write the draft down whenever it changes, a moment later, and at the last moment of the page. */
export function keepDraft() {
  const save = () => {
    const draft = { ...draftOf(store.state), job: store.state.job?.id ?? null };
    write(sessionStorage, DRAFT, draft);
    write(localStorage, DRAFT, draft);
  };
  store.on([...DRAFT_KEYS, "job"], debounce(save, 150));
  addEventListener("pagehide", save);
}

export const known = {
  /** Write down {id, name, width, height}. */
  remember(picture) {
    const all = read(localStorage, KNOWN) ?? {};
    delete all[picture.id];
    all[picture.id] = { name: picture.name, width: picture.width, height: picture.height };
    const ids = Object.keys(all);
    for (const id of ids.slice(0, Math.max(0, ids.length - MOST_KNOWN))) delete all[id];
    write(localStorage, KNOWN, all);
  },
  /** What was written down about this id, or null. */
  recall(id) {
    const picture = read(localStorage, KNOWN)?.[id];
    return picture ? { id, ...picture } : null;
  },
};
