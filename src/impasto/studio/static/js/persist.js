// Browser storage: the draft of each tab, and names and sizes of uploaded pictures.
import { debounce } from "./dom.js";
import { DRAFT_KEYS, draftOf, emptyDraft, store } from "./state.js";

const DRAFT = "impasto.draft";
const KNOWN = "impasto.pictures";
const MAX_KNOWN = 200;
export const SERIES_KEY = "impasto.series"; // the strip of photographs of this tab

/** Return a stored JSON value, or null. */
export function readStored(storage, key) {
  try {
    return JSON.parse(storage.getItem(key) ?? "null");
  } catch {
    return null; // no access, or not JSON: treat as empty
  }
}

/** Store a value as JSON, if the browser allows it. */
export function writeStored(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    /* full or no access: the server still has pictures and jobs */
  }
}

let restoredFor = null;

/** Restore this tab's draft, or the latest draft of any tab. */
export function restoreDraft() {
  const tabDraft = readStored(sessionStorage, DRAFT);
  const stored = tabDraft ?? readStored(localStorage, DRAFT);
  if (!stored || typeof stored !== "object") return;
  const fresh = emptyDraft();
  const isUsable = (key) =>
    key in stored && (fresh[key] === null || typeof stored[key] === typeof fresh[key]);
  store.set(Object.fromEntries(DRAFT_KEYS.filter(isUsable).map((key) => [key, stored[key]])));
  restoredFor = tabDraft?.job ?? null;
}

/** Whether the restored draft belongs to this job and may contain later changes; true only once. */
export function wasRestoredFor(id) {
  const matches = restoredFor === id;
  restoredFor = null;
  return matches;
}

/** Save the draft shortly after each change, and when the page is closed. */
export function keepDraft() {
  const save = () => {
    const draft = { ...draftOf(store.state), job: store.state.job?.id ?? null };
    writeStored(sessionStorage, DRAFT, draft);
    writeStored(localStorage, DRAFT, draft);
  };
  store.on([...DRAFT_KEYS, "job"], debounce(save, 150));
  addEventListener("pagehide", save);
}

export const known = {
  /** Remember {id, name, width, height, clip}. */
  remember(picture) {
    const all = readStored(localStorage, KNOWN) ?? {};
    delete all[picture.id];
    const { name, width, height, clip } = picture;
    all[picture.id] = { name, width, height, ...(clip && { clip }) };
    const ids = Object.keys(all);
    for (const id of ids.slice(0, Math.max(0, ids.length - MAX_KNOWN))) delete all[id];
    writeStored(localStorage, KNOWN, all);
  },
  /** Return what is known about a picture id, or null. */
  recall(id) {
    const picture = readStored(localStorage, KNOWN)?.[id];
    return picture ? { id, ...picture } : null;
  },
};
